//! Searches: what a query string becomes, asked of a directory with the fixtures in it. Whatever the
//! bytes, the answer is a list that agrees with itself, or an error that is the asker's (run with
//! `-timeout=10`). The first byte says which list is asked.

use std::sync::LazyLock;

use fingerpost::{
    app::{App, Served},
    clock::Clock,
    config::Config,
    db::Durability,
    http::Parameters,
    importing::Options,
    jobs,
    model::Kind,
    publishing::Filters,
    search::Wanted,
};

const FIXTURES: &[u8] = include_bytes!("../../fixtures/luton/directory.ndjson");
const NOW: &str = "2026-11-22T12:00:00Z";
const LISTS: [Kind; 7] =
    [Kind::Service, Kind::Event, Kind::ServiceAtLocation, Kind::Organization, Kind::Location, Kind::TaxonomyTerm, Kind::Taxonomy];

static DIRECTORY: LazyLock<(tokio::runtime::Runtime, Served)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let served = runtime.block_on(async {
        let folder = std::env::temp_dir().join(format!("fingerpost-fuzz-{}", std::process::id()));
        let settings = [("FINGERPOST_DATA_DIR", folder.display().to_string())].map(|(name, value)| (name.to_owned(), value));
        let config = Config::read(None, settings).expect("the settings are ours");
        let listen = config.listen;
        let app =
            App::open(config, Clock::fixed(NOW.parse().expect("a constant")), Durability::Batched).await.expect("a database");
        app.importer().run(FIXTURES, &Options::default(), |_| {}).await.expect("the fixtures are taken");
        let served = Served::open(app, listen).await.expect("the derived files");
        jobs::follow(&served).await.expect("the index");
        // The files are open; nobody needs their names.
        std::fs::remove_dir_all(folder).expect("the folder is ours");
        served
    });
    (runtime, served)
});

pub fn check(bytes: &[u8]) {
    let Some((which, query)) = bytes.split_first() else { return };
    let Ok(query) = std::str::from_utf8(query) else { return };
    let kind = LISTS[usize::from(*which) % LISTS.len()];
    let (runtime, served) = &*DIRECTORY;
    let directory = &served.directory;
    let now = directory.clock.now();
    // Words as they are, with whatever in them.
    let plain = Wanted { text: query.chars().take(300).collect(), relaxed: which & 64 != 0, ..Wanted::default() };
    let found = directory.search.find(kind, &plain, now, 0..10).expect("words are no reason to fail");
    assert!(found.hits.len() == found.total.min(10), "as many as there are");
    let _ = directory.search.snippet(&found, query);

    let Ok(parameters) = Parameters::read(query) else { return };
    let Ok(filters) = Filters::read(kind, &parameters, now, directory.search.horizon()) else { return };
    let asked = runtime.block_on(async {
        (
            filters.clone().find(directory, kind, 0..10).await,
            filters.clone().find(directory, kind, 5..10).await,
            filters.count(directory, kind).await,
        )
    });
    match asked {
        (Ok(first), Ok(later), Ok(counted)) => {
            assert!(first.found.total == counted.found.total, "facets count what the list holds");
            let ids = |hits: &[fingerpost::search::Hit]| hits.iter().map(|hit| hit.id).collect::<Vec<_>>();
            let rest = first.found.hits.get(5..).unwrap_or_default();
            assert_eq!(ids(rest), ids(&later.found.hits), "pages are parts of one list");
        }
        (Err(problem), Err(_), Err(_)) => assert!(problem.status < 500, "{problem:?}"),
        mixed => panic!("one question has one kind of answer: {mixed:?}"),
    }
}
