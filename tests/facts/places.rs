//! Where postcodes are: directories of each kind taken in, on both databases.

use std::{
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use fingerpost::{
    geo::Point,
    places::{self, Coverage, Format, Located, Place, Precision, Report},
};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::id;
use crate::support::{TestApp, fact, noon};

/// As ONSPD was until 2024, shortened: LU1 2AB is terminated, JE2 3AB has no position.
const OLD_ONSPD: &str = "\
pcd,pcd2,pcds,dointr,doterm,oscty,ced,oslaua,osward,parish,osgrdind,ctry,rgn,lat,long\r
\"LU1 2AA\",\"LU1  2AA\",\"LU1 2AA\",\"198001\",\"\",\"E99999999\",\"E99999999\",\"E06000032\",\"E05002192\",\"E43000061\",\"1\",\"E92000001\",\"E12000006\",51.878700,-0.420000\r
\"LU1 2AB\",\"LU1  2AB\",\"LU1 2AB\",\"198001\",\"202001\",\"E99999999\",\"E99999999\",\"E06000032\",\"E05002192\",\"E43000061\",\"1\",\"E92000001\",\"E12000006\",51.000000,-0.500000\r
\"LU1 2AD\",\"LU1  2AD\",\"LU1 2AD\",\"198001\",\"\",\"E99999999\",\"E99999999\",\"E06000032\",\"E05002192\",\"E43000061\",\"1\",\"E92000001\",\"E12000006\",51.878900,-0.421000\r
\"LU1 4AA\",\"LU1  4AA\",\"LU1 4AA\",\"198001\",\"\",\"E99999999\",\"E99999999\",\"E06000056\",\"E05014210\",\"E04000001\",\"1\",\"E92000001\",\"E12000006\",51.848800,-0.440500\r
\"JE2 3AB\",\"JE2  3AB\",\"JE2 3AB\",\"198001\",\"\",\"L99999999\",\"L99999999\",\"L99999999\",\"L99999999\",\"L99999999\",\"9\",\"L93000001\",\"L99999999\",99.999999,0.000000\r
";

/// As it is since.
const NEW_ONSPD: &str = "\
pcd7,pcd8,pcds,dointr,doterm,cty25cd,lad25cd,wd25cd,gridind,ctry25cd,rgn25cd,lat,long
LU2 7AF,LU2  7AF,LU2 7AF,198001,,E99999999,E06000032,E05015270,1,E92000001,E12000006,51.895300,-0.410400
";

/// Code-Point Open: no heading; grid points of Ordnance Survey's test points TP09, TP10 and one
/// that is not known.
const CODE_POINT: &str = "\
\"SE1 7AA\",10,530625,178388,\"E92000001\",\"E19000003\",\"E18000007\",\"\",\"E09000022\",\"E05014095\"
\"SA31 3AA\",10,241125,220333,\"W92000004\",\"W06000023\",\"W11000025\",\"\",\"W06000010\",\"W05001000\"
\"LU1 9ZZ\",90,0,0,\"E92000001\",\"E19000003\",\"E18000006\",\"\",\"E06000032\",\"E05002192\"
";

fn written(app: &TestApp, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let file = app.folder.path().join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, bytes).unwrap();
    file
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn import(app: &TestApp, from: &Path) -> Result<Report, String> {
    places::import(&app.app().db, from, noon(), |_| {}).await.map_err(|error| error.to_string())
}

async fn locate(app: &TestApp, at: &str) -> Option<Located> {
    places::locate(&app.app().db, &at.parse().unwrap()).await.unwrap()
}

fn skipped(report: &Report) -> Vec<(&str, u64)> {
    report.skipped.iter().map(|(reason, count)| (*reason, *count)).collect()
}

fact! {
    async fn the_ons_directory_says_where_postcodes_are_and_in_which_areas(app) {
        assert!(places::is_empty(&app.app().db).await.unwrap());
        assert_eq!(locate(&app, "LU1 2AA").await, None);
        let report = import(&app, &written(&app, "ONSPD_MAY_2024_UK.csv", OLD_ONSPD)).await.unwrap();
        assert_eq!((report.format, report.postcodes, report.outcodes, report.rows), (Format::Onspd, 3, 1, 5));
        assert_eq!(skipped(&report), [("no longer in use", 1), ("without a position", 1)]);
        assert_eq!(report.rejected, []);
        assert!(!places::is_empty(&app.app().db).await.unwrap());
        let known = locate(&app, "lu12aa").await.unwrap();
        assert_eq!((known.point, known.precision), (Point::new(51.8787, -0.42).unwrap(), Precision::Postcode));
        assert_eq!(known.areas, ["E05002192", "E06000032", "E12000006", "E43000061", "E92000001"]);
    }
}

fact! {
    async fn a_postcode_that_is_not_known_is_placed_at_the_centre_of_what_is(app) {
        import(&app, &written(&app, "onspd.csv", OLD_ONSPD)).await.unwrap();
        let sector = locate(&app, "LU1 2ZZ").await.unwrap();
        assert_eq!((sector.point, sector.precision), (Point::new(51.8788, -0.4205).unwrap(), Precision::Sector));
        assert_eq!(locate(&app, "LU1 2AB").await.unwrap().precision, Precision::Sector, "a terminated one is not known");
        for at in ["LU1 3AA", "LU1"] {
            let outcode = locate(&app, at).await.unwrap();
            assert_eq!((outcode.point, outcode.precision), (Point::new(51.8688, -0.427_167).unwrap(), Precision::Outcode), "{at}");
            assert!(["E06000032", "E06000056"].iter().all(|code| outcode.areas.iter().any(|area| area == code)), "{at}: areas of all of it");
        }
        for unknown in ["LU2 7AF", "LU11 1AA", "LU11", "L1 2AA", "JE2 3AB"] {
            assert_eq!(locate(&app, unknown).await, None, "{unknown}");
        }
    }
}

fact! {
    async fn a_second_import_replaces_the_first(app) {
        import(&app, &written(&app, "ONSPD_MAY_2024_UK.csv", OLD_ONSPD)).await.unwrap();
        let report = import(&app, &written(&app, "ONSPD_NOV_2025_UK.csv", NEW_ONSPD)).await.unwrap();
        assert_eq!((report.postcodes, report.postcodes_before), (1, 3));
        assert_eq!(locate(&app, "LU1 2AA").await, None);
        let known = locate(&app, "LU2 7AF").await.unwrap();
        assert_eq!(known.areas, ["E05015270", "E06000032", "E12000006", "E92000001"]);
        let imported = places::imported(&app.app().db).await.unwrap().unwrap();
        assert_eq!((imported.source.as_str(), imported.at, imported.postcodes), ("ONSPD_NOV_2025_UK.csv", noon(), 1));
        let same = import(&app, &app.folder.path().join("ONSPD_NOV_2025_UK.csv")).await.unwrap();
        assert_eq!((same.postcodes, same.postcodes_before), (1, 1));
    }
}

fact! {
    async fn a_zip_of_the_ons_directory_is_read_once(app) {
        let bytes = zipped(&[
            ("Data/ONSPD_NOV_2025_UK.csv", NEW_ONSPD),
            ("Data/multi_csv/ONSPD_NOV_2025_UK_LU.csv", OLD_ONSPD),
            ("Documents/LAD names and codes.csv", "LAD25CD,LAD25NM\nE06000032,Luton\n"),
            ("User Guide/guide.pdf", "%PDF"),
        ]);
        let report = import(&app, &written(&app, "ONSPD_NOV_2025.zip", bytes)).await.unwrap();
        assert_eq!((report.postcodes, report.rows, report.left_out.len()), (1, 1, 0));
        let pieces = written(&app, "folder/Data/multi_csv/ONSPD_NOV_2025_UK_LU.csv", NEW_ONSPD);
        written(&app, "folder/Data/multi_csv/ONSPD_NOV_2025_UK_XX.csv", "name,town\na,b\n");
        let report = import(&app, pieces.ancestors().nth(3).unwrap()).await.unwrap();
        assert_eq!((report.postcodes, report.left_out.as_slice()), (1, &["Data/multi_csv/ONSPD_NOV_2025_UK_XX.csv".to_owned()][..]));
    }
}

fact! {
    async fn code_point_open_is_brought_from_the_national_grid_to_degrees(app) {
        let (first, rest) = CODE_POINT.split_at(CODE_POINT.find("\"SA31").unwrap());
        let bytes = zipped(&[
            ("Doc/Code-Point_Open_Column_Headers.csv", "PC,PQ,EA,NO,CY,RH,LH,CC,DC,WC\n"),
            ("Data/CSV/se.csv", first),
            ("Data/CSV/sa.csv", rest),
        ]);
        let report = import(&app, &written(&app, "codepo_gb.zip", bytes)).await.unwrap();
        assert_eq!((report.format, report.postcodes, report.outcodes), (Format::CodePointOpen, 2, 2));
        assert_eq!(skipped(&report), [("without a position", 1)]);
        for (at, latitude, longitude, district) in
            [("SE1 7AA", 51.489_366, -0.119_926, "E09000022"), ("SA31 3AA", 51.858_909, -4.308_525, "W06000010")]
        {
            let known = locate(&app, at).await.unwrap();
            assert!(known.point.metres_to(Point::new(latitude, longitude).unwrap()) < 6.0, "{at}: {:?}", known.point);
            assert!(known.areas.iter().any(|code| code == district), "{at}: {:?}", known.areas);
        }
    }
}

fact! {
    async fn a_simple_file_may_hold_postcodes_and_outcodes(app) {
        let file = written(&app, "places.csv", "\u{feff}Postcode;Latitude;Longitude;GSS\nLU1 2AA;51.8787;-0.42;E06000032\nLU2;51.9;-0.4;E06000032 E92000001\n");
        let report = import(&app, &file).await.unwrap();
        assert_eq!((report.format, report.postcodes, report.outcodes), (Format::Simple, 1, 2));
        assert_eq!(locate(&app, "LU1 2AA").await.unwrap().areas, ["E06000032"]);
        let outcode = locate(&app, "LU2 7AF").await.unwrap();
        assert_eq!((outcode.point, outcode.precision), (Point::new(51.9, -0.4).unwrap(), Precision::Outcode));
        assert_eq!(outcode.areas, ["E06000032", "E92000001"]);
        let report = import(&app, &written(&app, "bare.csv", "SE10,51.48,0.0\nSE10 9NF,51.4779,0\n")).await.unwrap();
        assert_eq!((report.postcodes, report.outcodes, report.postcodes_before), (1, 1, 1));
        assert_eq!(locate(&app, "SE10 9NF").await.unwrap().point, Point::new(51.4779, 0.0).unwrap(), "on the meridian");
    }
}

fact! {
    async fn the_outcodes_of_the_kingdom_are_taken(app) {
        let file = Path::new("/work/shared/data/outcodes.csv");
        if file.exists() {
            let report = import(&app, file).await.unwrap();
            assert!(report.outcodes > 2_800 && report.postcodes == 0, "{report:?}");
            assert!(report.rejected_total < 20, "{:?}", report.rejected);
            let luton = locate(&app, "LU1 2AA").await.unwrap();
            assert!(luton.precision == Precision::Outcode && luton.point.metres_to(Point::new(51.8787, -0.42).unwrap()) < 3_000.0);
        } else {
            eprintln!("left out: {} is not here", file.display());
        }
    }
}

fact! {
    async fn bad_rows_are_told_by_line_and_the_rest_goes_in(app) {
        let long = "x".repeat(20_000);
        let text = format!(
            "postcode,latitude,longitude\nLU1 2AA,51.8787,-0.42\nnowhere,51.8,-0.4\nLU1 2AD,north,-0.4\n\nLU1 2AE,-0.42,51.8787\n{long}\nLU1 2AA,50,-1\nBFPO 58,51,0\nBF1 2AA,51,0\nLU1 2AF,51.8788,-0.421\nLU1 2AG,51.8,-0.4\nLU1 2AH,51.8,-0.4\nLU1 2AJ,51.8,-0.4\nLU1 2AL,51.8,-0.4"
        );
        let report = import(&app, &written(&app, "dirty.csv", text)).await.unwrap();
        let told: Vec<String> = report.rejected.iter().map(|bad| format!("{}: {}", bad.line, bad.reason)).collect();
        assert_eq!(
            told,
            [
                "3: \"nowhere\" is not a UK postcode (expected something like LU1 2AA, or its first half, LU1)",
                "4: its latitude \"north\" is not a number",
                "6: its latitude -0.42 and longitude 51.8787 are not in the British Isles",
                "7: is longer than 16384 bytes",
                "9: \"BFPO 58\" is a Forces address (BFPO), which has no position on the map",
            ]
        );
        assert_eq!(skipped(&report), [("repeated", 1), ("special ones without a position (BFPO, GIR 0AA)", 1)]);
        assert_eq!((report.postcodes, report.rows), (6, 13));
        assert_eq!(locate(&app, "LU1 2AA").await.unwrap().point, Point::new(51.8787, -0.42).unwrap(), "the first one stands");
    }
}

fact! {
    async fn what_cannot_be_taken_leaves_the_last_good_import(app) {
        import(&app, &written(&app, "onspd.csv", OLD_ONSPD)).await.unwrap();
        let whole = zipped(&[("Data/ONSPD_NOV_2025_UK.csv", NEW_ONSPD)]);
        let mut flipped = whole.clone();
        flipped[80] ^= 0xFF;
        let shifted = format!("pcds,lat,long\n{}", "x,LU1 2AA,51.8,-0.4\n".repeat(50));
        let empty: &[u8] = b"";
        for (name, bytes, reason) in [
            ("half.zip", &whole[..whole.len() / 2], "cannot read the zip"),
            ("flipped.zip", &flipped, "cannot read"),
            ("empty.csv", empty, "found no postcodes"),
            ("heading.csv", b"pcds,lat,long\n", "found no postcodes"),
            ("guide.pdf", b"%PDF-1.4\n\x00\xFF", "found no postcodes"),
            ("names.csv", b"name,town\na,b\n", "found no postcodes"),
            ("shifted.csv", shifted.as_bytes(), "50 of 50 rows"),
            ("up.zip", &zipped(&[("../up.csv", NEW_ONSPD)]), "leads outside the zip"),
        ] {
            let error = import(&app, &written(&app, name, bytes)).await.unwrap_err();
            assert!(error.contains(reason), "{name}: {error}");
        }
        let error = import(&app, &app.folder.path().join("missing.csv")).await.unwrap_err();
        assert!(error.contains("missing.csv"), "{error}");
        assert_eq!(places::imported(&app.app().db).await.unwrap().unwrap().source, "onspd.csv");
        assert_eq!(locate(&app, "LU1 2AA").await.unwrap().precision, Precision::Postcode);
    }
}

fact! {
    async fn a_service_area_by_code_covers_the_postcodes_in_it(app) {
        import(&app, &written(&app, "onspd.csv", OLD_ONSPD)).await.unwrap();
        let area = serde_json::from_value(serde_json::json!({
            "id": id("area"), "name": "Luton", "uri": "http://statistics.data.gov.uk/id/statistical-geography/E06000032",
        }));
        let luton = Coverage::of([&area.unwrap()]);
        let mut covered = Vec::new();
        for at in ["LU1 2AA", "LU1 4AA", "LU1"] {
            let located = locate(&app, at).await.unwrap();
            covered.push(luton.covers(&Place { at: at.parse().ok(), point: Some(located.point), areas: located.areas }));
        }
        assert_eq!(covered, [true, false, true]);
    }
}
