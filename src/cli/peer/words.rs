//! What people write on the command line about peers: addresses, areas, lengths of time.

use url::Url;

/// A whole web address.
pub(super) fn address(text: &str) -> Result<Url, String> {
    text.parse().map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => {
            format!("expected a full address starting with https://, such as https://{}/", text.trim_matches('/'))
        }
        other => other.to_string(),
    })
}

/// The beginning of a postcode: letters, then perhaps digits.
pub(super) fn area(text: &str) -> Result<String, String> {
    let text = text.trim().to_uppercase();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = text.len() - digits.len();
    let good = (1..=2).contains(&letters) && digits.len() <= 2 && digits.chars().all(|c| c.is_ascii_alphanumeric());
    if good { Ok(text) } else { Err("expected the first part of a postcode, such as LU or MK45".to_owned()) }
}

/// The code of an area: a letter and eight digits.
pub(super) fn gss(text: &str) -> Result<String, String> {
    let code = text.trim().to_uppercase();
    let digits = code.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
    let good = digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit());
    if good { Ok(code) } else { Err("expected the GSS code of an area, such as E06000032".to_owned()) }
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

/// A length of time such as `15m`, in seconds.
pub(super) fn seconds(text: &str) -> Result<i64, String> {
    let expected = "expected a length of time such as 90s, 15m, 6h or 1d, from 10s to 30d";
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(expected.to_owned()),
    };
    let seconds = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| (10..=30 * 86_400).contains(seconds)).ok_or_else(|| expected.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_and_areas_are_written_as_people_write_them() {
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("1d"), Ok(86_400));
        assert_eq!((area("lu"), area("MK45"), area("EC1A")), (Ok("LU".into()), Ok("MK45".into()), Ok("EC1A".into())));
        assert!(address("oldbury.gov.uk").unwrap_err().ends_with("https://oldbury.gov.uk/"));
        assert!(address("https://oldbury.gov.uk").is_ok());
        for bad in ["", "LU3 9XQ", "12", "LUTON"] {
            assert!(area(bad).is_err(), "{bad}");
        }
        assert_eq!((gss("e06000032"), gss("Luton").is_err(), gss("E0600003").is_err()), (Ok("E06000032".into()), true, true));
        for bad in ["", "m", "5s", "31d", "-5m", "1.5h", "9999999999999999999h"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
