"""What the services of a made-up directory are about.

The terms are a stranger's: none has the code or the name of one of our own needs, so that a search
which finds these services by a need has read their words. The words are those that listings use
for themselves. Do not fit them to `content/need_words.csv`, nor that to them: the judged queries
(`tests/judged`) would then measure nothing.
"""

from typing import NamedTuple


class Theme(NamedTuple):
    key: str  # what judgments and OUT.themes call it
    terms: list  # code and name of the terms that its services carry
    names: list  # what its services are called
    helps: list  # what they help people to do


THEMES = [
    Theme(
        "debt",
        [("debt-advice", "Debt and money advice"), ("money-skills", "Money skills")],
        ["Debt Advice Drop-in", "Money Matters", "Straight Talk About Bills"],
        ["sort out what they owe on rent and council tax", "make a budget that works", "answer letters from bailiffs and lenders",
         "ask for a debt relief order", "get sixty days without interest or pressure", "stop a card or a catalogue getting out of hand"],
    ),
    Theme(
        "benefits",
        [("welfare-rights", "Welfare rights"), ("form-filling", "Form filling")],
        ["Benefits Check", "Welfare Rights Casework", "Form Filling Friday"],
        ["check every benefit they are due", "claim Universal Credit for the first time", "fill in the long form for PIP",
         "take a refused claim to a tribunal", "claim Pension Credit or Attendance Allowance", "undo a sanction or an overpayment"],
    ),
    Theme(
        "hardship",
        [("hardship-funds", "Hardship funds")],
        ["Crisis Fund", "Emergency Grants Desk", "Good Neighbour Fund"],
        ["get a voucher or a small grant the same day", "replace what a fire or a flood took", "bridge the weeks until the first payment",
         "keep going after a purse was stolen", "apply to charities that give to individuals"],
    ),
    Theme(
        "lending",
        [("community-finance", "Community finance")],
        ["Credit Union Counter", "Savers' Hour", "Fair Lending Shop"],
        ["borrow a little at a rate they can manage", "start saving with a pound", "pay a doorstep lender off and stay away",
         "have wages paid into an account that splits itself", "get a loan for a washing machine without interest"],
    ),
    Theme(
        "energy",
        [("fuel-poverty", "Fuel poverty")],
        ["Cosy Homes Visit", "Fuel Voucher Desk", "Switch and Save"],
        ["keep a prepayment meter going over the weekend", "understand a gas or electricity statement",
         "have a loft insulated or an old boiler replaced", "get through winter in a house that is hard to heat",
         "agree a payment plan with their supplier", "join the register for people who need power for medical reasons"],
    ),
    Theme(
        "warm-places",
        [("winter-spaces", "Winter spaces")],
        ["Warm Hub", "Cosy Corner", "Open Hearth Mornings"],
        ["sit in a heated room for as long as they like", "have soup and a newspaper", "charge a phone and stay for a game",
         "get out of a cold house for a morning", "meet the same friendly faces each week"],
    ),
    Theme(
        "food",
        [("food-aid", "Food aid")],
        ["Food Bank", "Community Larder", "Family Hamper Scheme"],
        ["take home food for three days", "have a parcel brought to the door", "choose tins, bread and vegetables with or without a referral",
         "feed the children when school is out", "get through to the end of the week"],
    ),
    Theme(
        "meals",
        [("community-meals", "Community meals")],
        ["Community Kitchen", "Lunch Club", "Soup and Company"],
        ["eat a warm meal in company", "cook well for little money", "share a table every Wednesday", "pay what they like for two courses",
         "take a portion home for the evening"],
    ),
    Theme(
        "baby-goods",
        [("baby-goods", "Baby goods")],
        ["Baby Basics", "Little Bundles", "Pram and Cot Loan"],
        ["find nappies, milk and wipes", "be ready for a newborn", "swap a buggy or a cot for the next size",
         "have a safe car seat for the way home from hospital", "dress a child under five for nothing"],
    ),
    Theme(
        "furniture",
        [("reuse", "Reuse and recycling")],
        ["Furniture Reuse Project", "Home Starter Store", "Second Chance Sofas"],
        ["furnish an empty flat", "have a bed and bedding delivered", "buy a tested cooker or fridge for little money",
         "carry a wardrobe up the stairs", "give away what they no longer need"],
    ),
    Theme(
        "clothing",
        [("clothing", "Clothes")],
        ["School Uniform Exchange", "Clothes Rail", "Smart Start Wardrobe"],
        ["kit a child out for school", "choose a warm coat and shoes", "borrow a suit for an interview", "have a hem taken up",
         "swap what no longer fits"],
    ),
    Theme(
        "counselling",
        [("emotional-wellbeing", "Emotional wellbeing")],
        ["Listening Service", "Quiet Room", "Talking Therapy Clinic"],
        ["talk to someone who is trained to listen", "sleep and breathe more easily", "feel less anxious or low",
         "meet others who feel the same", "see a counsellor for as long as it takes"],
    ),
    Theme(
        "crisis",
        [("urgent-emotional-care", "Urgent emotional care")],
        ["Safe Haven", "Crisis Café", "Night Listening Line"],
        ["stay safe when they think of ending their life", "have somewhere to go in the evening instead of A&E",
         "get through the next hour with somebody beside them", "make a safety plan after hurting themselves",
         "ring when the night is too long"],
    ),
    Theme(
        "bereavement",
        [("loss", "Loss")],
        ["Bereavement Circle", "Walking With Loss", "After a Death"],
        ["find their feet after somebody has died", "talk about the person they miss", "pay for a simple funeral",
         "help a child who has lost a parent", "sort out what has to be signed and closed"],
    ),
    Theme(
        "domestic-violence",
        [("dv-outreach", "Domestic violence outreach")],
        ["Safer Futures", "Freedom Programme", "Domestic Abuse Outreach"],
        ["leave a violent partner safely", "see the signs of a relationship that controls them", "ask a court to keep somebody away",
         "have locks and alarms fitted so that they can stay", "find a refuge far from home", "help their children recover"],
    ),
    Theme(
        "sexual-violence",
        [("survivors", "Survivors")],
        ["Survivors' Counselling", "Independent Advocate After Assault", "Still I Rise Group"],
        ["talk about rape or abuse, however long ago", "decide whether to go to the police", "be accompanied to court",
         "see a doctor who understands", "trust people again"],
    ),
    Theme(
        "crime",
        [("after-crime", "After crime")],
        ["Victim Care", "Stalking Advocacy", "Hate Crime Reporting Desk"],
        ["feel safe again after a burglary or an assault", "keep a record of somebody who follows them", "report hatred without going to a station",
         "claim for what was taken", "meet the one who did it, if they both want to"],
    ),
    Theme(
        "housing",
        [("housing-options", "Housing options"), ("renting", "Renting")],
        ["Housing Surgery", "Tenants' Advice", "Keys to Renting"],
        ["deal with a notice to leave", "have damp and disrepair put right", "apply for a council home", "pay a deposit on a first tenancy",
         "talk to a landlord about arrears", "find a larger home for a growing family"],
    ),
    Theme(
        "homelessness",
        [("rough-sleeping", "Rough sleeping")],
        ["Winter Night Shelter", "Street Outreach", "Day Centre for People Without a Home"],
        ["find a bed for tonight", "have a shower and wash their clothes", "use an address for post", "move from a doorway into a room",
         "speak to somebody who comes out to them before dawn"],
    ),
    Theme(
        "jobs",
        [("employment", "Employment"), ("training", "Training")],
        ["Job Club", "Back to Work Coaching", "CV Clinic"],
        ["write a CV and practise for interviews", "find vacancies within a bus ride", "start again after redundancy",
         "gain a certificate in food hygiene", "try a trade for two weeks", "get the first job or an apprenticeship"],
    ),
    Theme(
        "law",
        [("law", "Law")],
        ["Free Law Clinic", "Workplace Rights Line", "Court Help Desk"],
        ["see a solicitor for half an hour", "claim wages that were not paid", "understand a letter from a court",
         "contest a dismissal", "agree about children after a divorce"],
    ),
    Theme(
        "migration",
        [("migration", "Migration")],
        ["New Arrivals Desk", "Immigration Casework", "Settled Together"],
        ["apply for leave to remain or to bring their family", "make a fresh claim for asylum", "move on when asylum housing ends",
         "find out what they may have without public funds", "prepare for the citizenship test"],
    ),
    Theme(
        "english",
        [("language-learning", "Language learning")],
        ["Conversation Café", "English for Newcomers", "First Words Class"],
        ["practise speaking over a cup of tea", "learn to read and write English", "follow what the doctor or the school says",
         "bring a baby to lessons", "take an entry level exam"],
    ),
    Theme(
        "recovery",
        [("substances", "Alcohol and other substances")],
        ["Recovery Hub", "Sober Social", "Needle Exchange and Nurse"],
        ["cut down on drink", "come off drugs with a doctor's help", "stay well after detox", "look after themselves while a relative uses",
         "meet people who no longer drink"],
    ),
    Theme(
        "betting",
        [("betting", "Betting")],
        ["Bet Free Evenings", "Gambling Recovery Line", "All Off the Table"],
        ["stop placing bets", "block betting sites on a phone", "tell the family about losses", "hand their bank card to somebody they trust",
         "live with someone who gambles"],
    ),
    Theme(
        "care-for-others",
        [("carer-breaks", "Breaks for carers")],
        ["Carers' Morning", "Respite at Home", "Young Carers' Evening"],
        ["take a short break from caring", "have an evening off from looking after a parent", "learn to lift somebody safely",
         "talk to people who also live with dementia", "have their own needs assessed"],
    ),
    Theme(
        "disability",
        [("inclusion", "Inclusion")],
        ["Walking Football", "Sensory Play", "Independent Living Centre"],
        ["borrow a ramp or a walking frame", "join a team whatever their fitness", "pay for a personal assistant",
         "have a flat adapted for a wheelchair", "meet other autistic adults", "understand an education and health plan"],
    ),
    Theme(
        "youth",
        [("youth", "Youth clubs")],
        ["Youth Club", "Homework Club", "Street Youth Work"],
        ["play sport and make music after school", "catch up on homework with a mentor", "plan a trip of their own",
         "speak to an adult they can trust", "get away from people who make them carry things"],
    ),
    Theme(
        "early-years",
        [("under-fives", "Under fives")],
        ["Stay and Play", "Toddler Group", "New Parents' Circle"],
        ["sing and play with a baby", "drink a coffee while toddlers play", "ask a health visitor about sleep or feeding",
         "learn what to do about tantrums", "make friends with other parents"],
    ),
    Theme(
        "childcare",
        [("daycare", "Day care")],
        ["Breakfast and After School Club", "Holiday Playscheme", "Nursery Places Finder"],
        ["work while the children are looked after", "use the free hours for two year olds", "fill the long summer weeks",
         "find a childminder nearby", "pay the fees through their benefits"],
    ),
    Theme(
        "older-people",
        [("later-life", "Later life")],
        ["Friendship Hour", "Telephone Befriending", "Tea Dance"],
        ["have somebody to talk to each week", "get out of the house again", "be fetched and brought home", "learn a card game",
         "feel less alone after retiring"],
    ),
    Theme(
        "transport",
        [("getting-around", "Getting around")],
        ["Dial-a-Ride", "Hospital Car Scheme", "Wheels to Work"],
        ["reach a clinic or the shops", "travel with a wheelchair", "borrow a moped for an early shift", "book a volunteer driver",
         "have fares paid for the first month"],
    ),
    Theme(
        "digital",
        [("online-skills", "Online skills")],
        ["Tablet Tuesday", "Computer Buddies", "Data Bank"],
        ["get online for the first time", "borrow a laptop", "have free mobile data", "fill in a form on a screen", "spot a scam message"],
    ),
    Theme(
        "veterans",
        [("ex-service", "Ex-service people")],
        ["Veterans' Breakfast", "Forces Families Desk", "Stand Easy"],
        ["meet others who served", "deal with what they saw in uniform", "apply for a war pension", "find work in civilian life",
         "find a home after the army"],
    ),
    Theme(
        "release",
        [("through-the-gate", "Through the gate")],
        ["Met at the Gate", "Fresh Start Mentors", "Families of Prisoners Group"],
        ["get through the first day after prison", "explain a conviction to an employer", "keep in touch with somebody inside",
         "find a room on release", "stay away from old company"],
    ),
    Theme(
        "care-leavers",
        [("after-care", "After care")],
        ["Care Leavers' Base", "Moving On Flat", "Sunday Dinner"],
        ["live alone for the first time after foster care", "know what the council owes them", "cook a roast with friends",
         "keep a personal adviser after 21", "go to college"],
    ),
    Theme(
        "health",
        [("primary-care", "Primary care")],
        ["Walk-in Nurse", "Health Bus", "Dental Drop-in"],
        ["see a nurse without an appointment", "join a surgery", "have a toothache seen to", "get winter jabs", "have their blood pressure taken"],
    ),
    Theme(
        "interpreting",
        [("communication", "Communication")],
        ["Community Interpreters", "Letters Explained", "Signing Café"],
        ["have somebody speak for them at the doctor's", "understand a letter in English", "learn to sign", "meet other Deaf people",
         "make a call in Polish, Urdu or Romanian"],
    ),
]
