//! A server of map pictures that a council chooses.

use std::{fmt, str::FromStr};

use url::Url;

const EXPECTED: &str = "an https address with {z}, {x} and {y} in it, such as https://tiles.example.org/{z}/{x}/{y}.png";

/// Where pictures of the ground are, by zoom, column and row, as most map servers have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapTiles {
    template: String,
    origin: String,
    host: String,
}

impl MapTiles {
    /// The address of one picture.
    pub fn address(&self, zoom: u32, column: u32, row: u32) -> String {
        self.template.replace("{z}", &zoom.to_string()).replace("{x}", &column.to_string()).replace("{y}", &row.to_string())
    }

    /// The only place that a page with these pictures may load them from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whom the browser asks, as people read it.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for MapTiles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || EXPECTED.to_owned();
        let parts = ["{z}", "{x}", "{y}"];
        if parts.iter().any(|part| text.matches(part).count() != 1) {
            return Err(expected());
        }
        let filled = parts.iter().fold(text.to_owned(), |text, part| text.replace(part, "0"));
        let url: Url = filled.parse().map_err(|_| expected())?;
        let host = url.host_str().ok_or_else(expected)?;
        // A map server on the same machine, for a try, may do without a certificate.
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
        let in_the_host = text.find('{').zip(text.match_indices('/').nth(2)).is_none_or(|(mark, (path, _))| mark < path);
        if !is_safe || in_the_host || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(expected());
        }
        Ok(Self { origin: url.origin().ascii_serialization(), host: host.to_owned(), template: text.to_owned() })
    }
}

impl fmt::Display for MapTiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_pictures_says_where_each_is_and_names_one_host() {
        let tiles: MapTiles = "https://tiles.example.org:8443/os/{z}/{x}/{y}.png?key=abc".parse().unwrap();
        assert_eq!(tiles.address(12, 2030, 1351), "https://tiles.example.org:8443/os/12/2030/1351.png?key=abc");
        assert_eq!((tiles.origin(), tiles.host()), ("https://tiles.example.org:8443", "tiles.example.org"));
        assert!("http://127.0.0.1:9000/{z}/{x}/{y}.png".parse::<MapTiles>().is_ok());
        for refused in [
            "http://tiles.example.org/{z}/{x}/{y}.png",
            "https://tiles.example.org/{z}/{x}.png",
            "https://{z}.example.org/{x}/{y}.png",
            "https://me:secret@tiles.example.org/{z}/{x}/{y}.png",
            "https://tiles.example.org/{z}/{x}/{y}/{y}.png",
            "tiles/{z}/{x}/{y}.png",
        ] {
            assert!(refused.parse::<MapTiles>().is_err(), "{refused}");
        }
    }
}
