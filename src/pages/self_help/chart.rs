//! Where the money goes, as a picture that the server draws. The table beside it says the same.

use maud::{Markup, html};

use crate::pages::language::{rightwards, say, spoken};
use crate::self_help::budget::{Budget, GROUPS, Side, monthly, pounds};

/// Size of the picture, and of a bar in it.
const WIDTH: i64 = 360;
const BAR: i64 = 14;
const STEP: i64 = 48;

/// What goes out by group, then debts, in pence a year; groups without anything are left out.
pub(super) fn shares(budget: &Budget) -> Vec<(&'static str, i64)> {
    let of = |group: &str| budget.parts.iter().filter(|part| part.group == group).map(|part| part.yearly).sum::<i64>();
    let groups = GROUPS.iter().filter(|group| group.side == Side::Out).map(|group| (group.title, of(group.id)));
    groups.chain([("Debts", budget.totals().debts)]).filter(|(_, yearly)| *yearly > 0).collect()
}

/// The picture with its table.
pub(super) fn draw(budget: &Budget) -> Markup {
    let shares = shares(budget);
    let whole: i64 = shares.iter().map(|(_, yearly)| yearly).sum();
    let most = shares.iter().map(|(_, yearly)| *yearly).max().unwrap_or(1);
    let height = i64::try_from(shares.len()).unwrap_or(0) * STEP;
    // Text begins on the right where the page does: a picture has no sides of its own.
    let leftwards = spoken().runs_leftwards();
    let (begin, end, anchor) = if leftwards { (WIDTH, 0, "start") } else { (0, WIDTH, "end") };
    html! {
        @if whole > 0 {
            h2 { (say("Where your money goes")) }
            svg class="chart" viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(say("Bars that show where your money goes. The table below says the same.")) {
                @for (row, (title, yearly)) in (0_i64..).zip(&shares) {
                    text x=(begin) y=(row * STEP + 17) { (say(title)) }
                    text class="amount" x=(end) y=(row * STEP + 17) text-anchor=(anchor) direction=[rightwards()] { (pounds(monthly(*yearly))) }
                    @let width = (yearly * WIDTH / most).max(2);
                    rect x=(if leftwards { WIDTH - width } else { 0 }) y=(row * STEP + 24) height=(BAR) width=(width) {}
                }
            }
            table {
                caption { (say("Where your money goes, each month")) }
                thead { tr { th scope="col" { (say("What for")) } th scope="col" class="number" { (say("A month")) } th scope="col" class="number" { (say("Of all")) } } }
                tbody {
                    @for ((title, yearly), percent) in shares.iter().zip(percents(&shares)) {
                        tr { th scope="row" { (say(title)) } td class="number" dir=[rightwards()] { (pounds(monthly(*yearly))) } td class="number" dir=[rightwards()] { (percent) "%" } }
                    }
                }
            }
        }
    }
}

/// Of a hundred, each rounded so that together they are a hundred: what the rounding down leaves goes to
/// those that lost most by it.
fn percents(shares: &[(&'static str, i64)]) -> Vec<i64> {
    let whole: i64 = shares.iter().map(|(_, yearly)| yearly).sum::<i64>().max(1);
    let mut percents: Vec<i64> = shares.iter().map(|(_, yearly)| yearly * 100 / whole).collect();
    let left = 100 - percents.iter().sum::<i64>();
    let mut by_loss: Vec<usize> = (0..shares.len()).collect();
    by_loss.sort_by_key(|at| -(shares[*at].1 * 100 % whole));
    for at in by_loss.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        percents[at] += 1;
    }
    percents
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_help::budget::Form;

    #[test]
    fn groups_are_shown_with_their_share() {
        let (budget, _) =
            Form::new([("in-wages", "2000"), ("out-rent", "600"), ("out-food", "300"), ("debt-cards", "100")]).read();
        assert_eq!(shares(&budget), [("Your home", 720_000), ("Day to day", 360_000), ("Debts", 120_000)]);
        assert_eq!(percents(&[("a", 1), ("b", 1), ("c", 1)]), [34, 33, 33]);
        assert_eq!(percents(&[("a", 995), ("b", 5)]), [100, 0]);
        assert_eq!(percents(&[]), [0; 0]);
        assert!(draw(&Budget::default()).into_string().is_empty());
    }
}
