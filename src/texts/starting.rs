//! The texts that Fingerpost comes with, to start from. The guides are samples: nobody at the council
//! has reviewed them.

use super::{
    file::from_file,
    text::{Slug, Text},
};

const FILES: &[(&str, &str)] = &[
    ("accessibility", include_str!("../../content/texts/pages/accessibility.md")),
    ("privacy", include_str!("../../content/texts/pages/privacy.md")),
    ("about", include_str!("../../content/texts/pages/about.md")),
    ("footer", include_str!("../../content/texts/pages/footer.md")),
    ("listing-policy", include_str!("../../content/texts/pages/listing-policy.md")),
    ("a-letter-about-your-home", include_str!("../../content/texts/guides/a-letter-about-your-home.md")),
    ("behind-with-rent", include_str!("../../content/texts/guides/behind-with-rent.md")),
    ("no-money-for-food", include_str!("../../content/texts/guides/no-money-for-food.md")),
    ("bills-for-gas-and-electric", include_str!("../../content/texts/guides/bills-for-gas-and-electric.md")),
    ("council-tax", include_str!("../../content/texts/guides/council-tax.md")),
    ("debts", include_str!("../../content/texts/guides/debts.md")),
    ("lost-your-job", include_str!("../../content/texts/guides/lost-your-job.md")),
    ("not-safe-at-home", include_str!("../../content/texts/guides/not-safe-at-home.md")),
    ("feeling-low", include_str!("../../content/texts/guides/feeling-low.md")),
];

/// Every text that Fingerpost comes with.
pub fn starting() -> impl Iterator<Item = (Slug, Text)> {
    FILES.iter().map(|(slug, file)| {
        let slug = slug.parse().expect("our own names are tested");
        (slug, from_file(file).expect("our own texts are tested"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_that_we_come_with_may_be_kept() {
        let now = "2026-11-26T09:00:00Z".parse().unwrap();
        for (slug, text) in starting() {
            assert_eq!(text.mistakes(&slug, now), Vec::new(), "{slug}");
        }
    }
}
