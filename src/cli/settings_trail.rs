//! Settings on the audit trail: what a server starts with that it did not start with before.
//!
//! Secrets are compared as they are shown, hidden, so a new password alone is not noticed.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::Context as _;

use crate::{app::App, identity::Deed, safekeeping};

/// What the server last started with, in the data folder.
const FILE: &str = "settings-in-force.json";

type Settings = BTreeMap<String, String>;

/// Note which settings differ from those of the last start; nothing at the first.
pub(super) async fn note_changes(app: &App) -> anyhow::Result<()> {
    let now: Settings = app.config.shown().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let file = app.config.data_dir.join(FILE);
    let before = read(&file)?;
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    if let Some(before) = before {
        let identity = app.identity();
        let tx = identity.write().await?;
        for (name, detail) in differences(&before, &now) {
            identity.note(&tx, "the server", Deed::ChangeSetting, &name, &detail, None).await?;
        }
        tx.commit().await?;
    }
    safekeeping::replace(&file, &serde_json::to_vec_pretty(&now)?).with_context(|| format!("cannot write {}", file.display()))
}

fn read(file: &Path) -> anyhow::Result<Option<Settings>> {
    match fs::read_to_string(file) {
        // One that cannot be read is none: then there is nothing to compare with.
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn differences(before: &Settings, now: &Settings) -> Vec<(String, String)> {
    let quoted = |value: Option<&String>| value.filter(|value| !value.is_empty()).map_or("not set".to_owned(), Clone::clone);
    let names = before.keys().chain(now.keys().filter(|name| !before.contains_key(*name)));
    let differs = names.filter(|name| before.get(*name) != now.get(*name));
    differs.map(|name| (name.clone(), format!("{} → {}", quoted(before.get(name)), quoted(now.get(name))))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_both_values() {
        let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let before: Settings = of(&[("hide_days", "180"), ("gss", ""), ("name", "Luton")]);
        let now: Settings = of(&[("hide_days", "365"), ("gss", "E06000032"), ("name", "Luton"), ("proxy_header", "Forwarded")]);
        let told: Vec<String> = differences(&before, &now).into_iter().map(|(name, said)| format!("{name}: {said}")).collect();
        assert_eq!(told, ["gss: not set → E06000032", "hide_days: 180 → 365", "proxy_header: not set → Forwarded"]);
    }
}
