//! The shape of Fingerpost's database, step by step. Imports nothing of the main crate, so that an
//! old step keeps meaning what it meant when it ran.

use sea_orm_migration::prelude::*;

mod m0001_records;
mod m0002_places;
mod m0003_words;
mod m0004_followers;
mod m0005_peers;
mod m0006_neighbours;
mod m0007_people;
mod m0008_letters;
mod m0009_quality;
mod m0010_self_help;
mod m0011_relays;
mod m0012_second_step;
mod m0013_groups;
mod m0014_texts;
mod m0015_sweeps;
mod m0016_digests;
mod m0017_reports;
mod m0018_call_backs;
mod m0019_whence;
mod m0020_followers_known;
mod m0021_held;

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_records::Migration),
            Box::new(m0002_places::Migration),
            Box::new(m0003_words::Migration),
            Box::new(m0004_followers::Migration),
            Box::new(m0005_peers::Migration),
            Box::new(m0006_neighbours::Migration),
            Box::new(m0007_people::Migration),
            Box::new(m0008_letters::Migration),
            Box::new(m0009_quality::Migration),
            Box::new(m0010_self_help::Migration),
            Box::new(m0011_relays::Migration),
            Box::new(m0012_second_step::Migration),
            Box::new(m0013_groups::Migration),
            Box::new(m0014_texts::Migration),
            Box::new(m0015_sweeps::Migration),
            Box::new(m0016_digests::Migration),
            Box::new(m0017_reports::Migration),
            Box::new(m0018_call_backs::Migration),
            Box::new(m0019_whence::Migration),
            Box::new(m0020_followers_known::Migration),
            Box::new(m0021_held::Migration),
        ]
    }
}
