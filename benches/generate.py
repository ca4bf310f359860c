#!/usr/bin/env python3
"""A made-up directory for measurements: full Open Referral UK services, one JSON document a line.

    generate.py COUNT OUT [--seed 1]     writes OUT.ndjson, OUT.ids with one id a line, and
                                         OUT.themes with id,theme a line (what it is about)

The same count and seed give the same bytes: no clock, no randomness of the system. Nothing in it
is real: telephone numbers are Ofcom's for drama, addresses on the web end in example.org.
"""

import argparse
import json
import random
import uuid
from math import cos, radians

from themes import THEMES

# Name, latitude, longitude, start of its postcodes, spread of its services in degrees.
TOWNS = [
    ("Ashcombe", 52.21, -0.31, "MK4", 0.03),
    ("Brindle Green", 51.93, -0.52, "LU6", 0.02),
    ("Carrow", 52.62, 1.28, "NR2", 0.04),
    ("Dunmoor", 54.97, -1.63, "NE4", 0.04),
    ("Eastwell", 51.15, 0.87, "TN2", 0.02),
    ("Fenwick Bay", 50.37, -4.12, "PL4", 0.03),
    ("Garrowby", 53.96, -1.08, "YO3", 0.03),
    ("Hexwood", 52.48, -1.88, "B12", 0.05),
]
WHO = ["people who live in {town} and the villages around it", "families with young children", "adults on a low income",
       "anyone over 60", "young people from 11 to 19", "unpaid carers of any age", "people who are new to the country"]
REMARKS = [
    "You do not need to be referred, and there is nothing to pay.",
    "Please ring first in the school holidays, when the hours may differ.",
    "An interpreter can be there if you ask two days before.",
    "The entrance is level, and there is an accessible toilet and a hearing loop.",
    "Someone calls back within two working days to agree what happens next.",
    "What you tell us stays with us unless somebody is in danger.",
    "Several buses stop outside, and the station is ten minutes away on foot.",
    "Bring something with your name and address on it, and any letters you have had.",
    "Our volunteers are trained, and many have been through the same themselves.",
    "At busy times there is a short wait, but one place is kept for emergencies each morning.",
    "We know the other groups in {town} and can introduce you to them.",
    "Tea and coffee are always on, and children are welcome with an adult.",
    "We can meet somewhere else if getting here is difficult.",
    "If anyone is in immediate danger, call 999.",
]
VENUES = ["Library", "Village Hall", "Health Centre", "Family Hub", "Baptist Church", "Sports Centre", "Old School", "Town Hall"]
STREETS = ["High Street", "Mill Lane", "Station Road", "Church Walk", "The Green", "Victoria Road", "Bridge Street"]
FIRST_WORDS = ["Harbour", "Oak Tree", "Open Door", "Lantern", "Stepping Stone", "Common Ground", "Kingfisher", "New Leaf"]
SECOND_WORDS = ["Trust", "Project", "Partnership", "Association", "Foundation", "Network"]
LANGUAGES = [("en", "English"), ("cy", "Welsh"), ("pl", "Polish"), ("ur", "Urdu"), ("bn", "Bengali"), ("bfi", "British Sign Language")]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
NAMESPACE = uuid.UUID("2f0b1c86-4c0f-5a41-9f5e-7a1d7c1f3f10")


class Directory:
    """Draws organisations and services from one stream of random numbers."""

    def __init__(self, count, seed):
        self.random = random.Random(seed)
        self.organizations = [self.organization(number) for number in range(max(10, count // 6))]

    def id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def phone(self):
        return {"id": self.id(), "number": f"01632 960{self.random.randrange(1000):03d}", "type": "voice"}

    def schedule(self):
        days = sorted(self.random.sample(WEEKDAYS, self.random.randint(1, 4)), key=WEEKDAYS.index)
        opens = self.random.randint(8, 17)
        return {
            "id": self.id(), "freq": "WEEKLY", "interval": 1, "byday": ",".join(days), "dtstart": "2026-01-05",
            "valid_from": "2026-01-05", "opens_at": f"{opens:02d}:00", "closes_at": f"{opens + self.random.randint(1, 5):02d}:30",
        }

    def organization(self, number):
        town = self.random.choice(TOWNS)
        name = f"{town[0]} {self.random.choice(FIRST_WORDS)} {self.random.choice(SECOND_WORDS)} {number}"
        host = name.lower().replace(" ", "-") + ".example.org"
        return town, {
            "id": self.id(), "name": name,
            "description": f"{name} is a local organisation with {self.random.randint(2, 80)} staff, run by its trustees.",
            "email": f"hello@{host}", "website": f"https://{host}", "legal_status": "Charity",
        }

    def place(self, town):
        name, latitude, longitude, postcodes, spread = town
        street = self.random.choice(STREETS)
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        postcode = f"{postcodes} {self.random.randint(1, 9)}{self.random.choice(letters)}{self.random.choice(letters)}"
        return {
            "id": self.id(),
            "location": {
                "id": self.id(), "location_type": "physical", "name": f"{street} {self.random.choice(VENUES)}",
                "latitude": round(self.random.gauss(latitude, spread), 6),
                "longitude": round(self.random.gauss(longitude, spread / cos(radians(latitude))), 6),
                "addresses": [{
                    "id": self.id(), "address_1": f"{self.random.randint(1, 200)} {street}", "city": name,
                    "state_province": "England", "postal_code": postcode, "country": "GB", "address_type": "physical",
                }],
                "accessibility": [{"id": self.id(), "description": "Step-free entrance"}] if self.random.random() < 0.6 else [],
            },
            "schedules": [self.schedule()],
        }

    def description(self, name, helps, town):
        who = self.random.choice(WHO).format(town=town)
        chosen = self.random.sample(helps, self.random.randint(2, 4))
        remarks = self.random.sample(REMARKS, self.random.randint(5, 12))
        sentences = [f"{name} is for {who}.", f"We help people to {', '.join(chosen[:-1])} and {chosen[-1]}."]
        return " ".join(sentences + [remark.format(town=town) for remark in remarks]), who

    def service(self):
        """A service, and the key of its theme."""
        town, organization = self.random.choice(self.organizations)
        theme = self.random.choice(THEMES)
        kind = self.random.choice(theme.names)
        name = f"{kind}, {town[0]}" if self.random.random() < 0.5 else f"{organization['name']} {kind}"
        description, who = self.description(kind, theme.helps, town[0])
        day = self.random.randint(1, 28)
        return theme.key, {
            "id": self.id(), "name": name, "description": description, "url": organization["website"] + "/what-we-do",
            "email": organization["email"], "status": "active", "fees_description": "Free",
            "eligibility_description": f"For {who}.", "assured_date": f"2026-05-{day:02d}",
            "last_modified": f"2026-{self.random.randint(1, 9):02d}-{day:02d}T{self.random.randrange(24):02d}:15:00.000Z",
            "organization": organization, "phones": [self.phone()],
            "contacts": [{"id": self.id(), "name": "Reception", "email": organization["email"], "phones": [self.phone()]}],
            "schedules": [self.schedule()], "service_areas": [{"id": self.id(), "name": town[0]}],
            "languages": [{"id": self.id(), "code": code, "name": language}
                          for code, language in LANGUAGES[:1] + self.random.sample(LANGUAGES[1:], self.random.randint(0, 2))],
            "cost_options": [{"id": self.id(), "amount": 0, "currency": "GBP"}],
            "service_at_locations": [self.place(town) for _ in range(self.random.choice((1, 1, 1, 2)))],
            "attributes": [self.attribute(code, term) for code, term in self.random.sample(theme.terms, self.random.randint(1, len(theme.terms)))],
        }

    def attribute(self, code, name):
        return {
            "id": self.id(), "link_entity": "service",
            "taxonomy_term": {
                "id": str(uuid.uuid5(NAMESPACE, code)), "code": code, "name": name,
                "description": f"Services about {name.lower()}.",
                "taxonomy_detail": {"id": str(NAMESPACE), "name": "Kinds of service", "description": "Made up for measurements."},
            },
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    directory = Directory(asked.count, asked.seed)
    with (
        open(asked.out + ".ndjson", "w", encoding="utf-8") as documents,
        open(asked.out + ".ids", "w", encoding="ascii") as ids,
        open(asked.out + ".themes", "w", encoding="ascii") as themes,
    ):
        for _ in range(asked.count):
            theme, service = directory.service()
            documents.write(json.dumps(service, ensure_ascii=False, separators=(",", ":")) + "\n")
            ids.write(service["id"] + "\n")
            themes.write(f"{service['id']},{theme}\n")


if __name__ == "__main__":
    main()
