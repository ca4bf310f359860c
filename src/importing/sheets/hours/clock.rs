//! Times of the day as people write them: "9.30am", "17:00", "12 noon", and from one to another.

/// How a time was written, as far as it says which half of the day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// "9am", "noon".
    Half,
    /// "09:30", "17.00": of 24 hours.
    Clock,
    /// "9", "7.30": of either half.
    Bare,
    /// "midnight", "24:00": the end of a day where something closes then, and the beginning of one where it opens.
    Midnight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) minutes: u32,
    pub(super) written: Written,
}

const HALF_A_DAY: u32 = 720;
const MINUTES_OF_A_DAY: u32 = 2 * HALF_A_DAY;
/// From this hour on, something that closes earlier than it opens closes the next morning.
const EVENING: u32 = 17 * 60;
/// Until this hour.
const MORNING: u32 = 8 * 60;

/// "0900hrs", "09.30h": a time of 24 hours without the word for that. "9 hrs" and "1.30 hours" are how long something lasts.
fn without_hours(text: &str) -> Option<&str> {
    let bare = ["hours", "hrs", "hr", "h"].into_iter().find_map(|end| text.strip_suffix(end))?;
    let is_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = bare.split_once([':', '.']).or_else(|| bare.split_at_checked(2));
    parts.filter(|(hours, minutes)| is_digits(hours) && is_digits(minutes)).map(|_| bare)
}

pub(super) fn time(cell: &str) -> Option<Time> {
    let said: String = cell.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let in_hours = without_hours(&said);
    let text = in_hours.unwrap_or(&said);
    match text {
        "noon" | "midday" | "12noon" | "12midday" => return Some(Time { minutes: 720, written: Written::Half }),
        "midnight" | "12midnight" | "24:00" | "24.00" | "2400" => {
            return Some(Time { minutes: 1439, written: Written::Midnight });
        }
        _ => {}
    }
    let half = ["a.m.", "am", "p.m.", "pm"].into_iter().find(|end| text.ends_with(end));
    let digits = half.map_or(text, |half| text.trim_end_matches(half));
    if !digits.is_ascii() {
        return None;
    }
    if digits.starts_with("0.") && half.is_none() && in_hours.is_none() {
        return of_a_day(digits);
    }
    let (hours, minutes) = match digits.split_once([':', '.']) {
        Some((hours, minutes)) => (
            hours.parse::<u32>().ok()?,
            minutes.get(..2).filter(|_| minutes.len() == 2 || minutes.len() == 5)?.parse::<u32>().ok()?,
        ),
        None if digits.len() == 4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        None => (digits.parse().ok()?, 0),
    };
    let hours = match half.map(|half| half.starts_with('p')) {
        Some(_) if !(1..=12).contains(&hours) => return None,
        Some(true) => hours % 12 + 12,
        Some(false) => hours % 12,
        None => hours,
    };
    let of_24 = hours >= 13 || digits.starts_with('0') || digits.len() >= 4 && digits.contains(':') && hours > 7;
    let written = match half {
        Some(_) => Written::Half,
        None if of_24 || in_hours.is_some() => Written::Clock,
        None => Written::Bare,
    };
    (hours < 24 && minutes < 60).then(|| Time { minutes: hours * 60 + minutes, written })
}

/// "0.416666667": how spreadsheets hold ten in the morning, the part of the day that has gone by.
fn of_a_day(text: &str) -> Option<Time> {
    let part = text.parse::<f64>().ok().filter(|part| (0.0..1.0).contains(part))?;
    let minutes = (0..MINUTES_OF_A_DAY)
        .step_by(5)
        .find(|minutes| (f64::from(*minutes) - part * f64::from(MINUTES_OF_A_DAY)).abs() < 0.1)?;
    Some(Time { minutes, written: Written::Clock })
}

impl Time {
    /// As the time from which something is there.
    pub(super) fn opening(self) -> Self {
        if self.written == Written::Midnight { Self { minutes: 0, ..self } } else { self }
    }

    /// Of a time that does not say, what nobody would doubt: groups open between eight in the morning and noon.
    fn alone(self) -> Option<u32> {
        (self.written != Written::Bare || (MORNING..HALF_A_DAY + 60).contains(&self.minutes)).then_some(self.minutes)
    }

    /// Both halves of the day that a time may be in that does not say.
    fn either(self) -> [u32; 2] {
        let first = self.minutes % HALF_A_DAY;
        [first, first + HALF_A_DAY]
    }
}

/// From when until when, where there is no doubt about it. "10" to "4" is until the afternoon, "2" to "4pm" in it.
pub(super) fn range(from: Time, to: Time) -> Option<(u32, u32)> {
    let from = from.opening();
    let from = match (from.written, to.written) {
        (Written::Bare, Written::Half | Written::Midnight) => from.either().into_iter().rev().find(|from| *from < to.minutes)?,
        _ => from.alone()?,
    };
    if to.written == Written::Bare {
        let to = to.either().into_iter().find(|to| *to > from)?;
        return Some((from, to));
    }
    let overnight = from >= EVENING && to.minutes <= MORNING;
    (from < to.minutes || overnight).then_some((from, to.minutes))
}

pub(super) fn written(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Opening and closing time as HH:MM, from a cell each; none for what cannot be read for certain.
pub(in crate::importing::sheets) fn times(opens: &str, closes: &str) -> (Option<String>, Option<String>) {
    match (time(opens), time(closes)) {
        (Some(from), Some(to)) => range(from, to).map(|(from, to)| (written(from), written(to))).unzip(),
        (from, to) => (from.map(Time::opening).and_then(Time::alone).map(written), to.and_then(Time::alone).map(written)),
    }
}

/// Whether a cell holds one time and nothing else.
pub(in crate::importing::sheets) fn is_time(cell: &str) -> bool {
    time(cell).is_some()
}
