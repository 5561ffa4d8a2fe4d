//! Are the trained weights of the repository whole, and do they and their page say what they are?

use crate::common::{objects, ok};
use std::path::Path;

#[test]
fn weights_of_the_repository_are_whole_and_say_what_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("weights/README.md")).expect("a page");
    let picture = tempfile::tempdir().expect("a folder");
    let path = picture.path().join("blue.png");
    image::RgbImage::from_pixel(32, 32, image::Rgb([90, 140, 220]))
        .save(&path)
        .expect("saved");
    let listed = objects(&root, &["list", "weights"]);
    let of_folder: Vec<_> = (listed.iter())
        .filter_map(|one| Some((one["weights"].as_str()?, one)))
        .filter(|(name, _)| name.starts_with("weights/"))
        .collect();
    assert!(of_folder.len() >= 2, "{listed:?}");
    for (name, one) in of_folder {
        assert!(one["top1"].as_f64().is_some_and(|top1| top1 > 0.8), "{one}");
        // Its checksum is right, and its page tells of it.
        ok(&root, &["summary", name]);
        let file = name.trim_start_matches("weights/");
        assert!(
            page.contains(file),
            "weights/README.md does not name {file}"
        );
        // A picture goes through, and is called by the name of a class.
        let path = path.to_str().expect("UTF-8");
        let found = objects(&root, &["predict", name, path]);
        let first = found[0]["top"][0]["class"].as_str();
        assert!(
            [
                "airplane",
                "bird",
                "ship",
                "automobile",
                "truck",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse"
            ]
            .map(Some)
            .contains(&first),
            "{found:?}"
        );
    }
}
