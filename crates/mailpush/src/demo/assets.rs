//! The files of the page. They are in the program, so that it needs no folder of its own.

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its path on the server.
    pub path: &'static str,
    /// Its Content-Type.
    pub media_type: &'static str,
    /// What is in it.
    pub text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// All files.
const ASSETS: &[Asset] = &[
    Asset { path: "/", media_type: HTML, text: include_str!("page/index.html") },
    Asset { path: "/page.css", media_type: CSS, text: include_str!("page/page.css") },
    Asset { path: "/page.js", media_type: JAVASCRIPT, text: include_str!("page/page.js") },
    Asset { path: "/dom.js", media_type: JAVASCRIPT, text: include_str!("page/dom.js") },
    Asset { path: "/log.js", media_type: JAVASCRIPT, text: include_str!("page/log.js") },
    Asset { path: "/mailbox.js", media_type: JAVASCRIPT, text: include_str!("page/mailbox.js") },
    Asset { path: "/meaning.js", media_type: JAVASCRIPT, text: include_str!("page/meaning.js") },
    Asset { path: "/phone.js", media_type: JAVASCRIPT, text: include_str!("page/phone.js") },
    Asset { path: "/stream.js", media_type: JAVASCRIPT, text: include_str!("page/stream.js") },
    Asset { path: "/icon.svg", media_type: SVG, text: include_str!("page/icon.svg") },
];

/// The file at `path`.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_page_names_is_there() {
        for asset in ASSETS {
            for name in asset.text.lines().flat_map(|line| line.split('"')).filter(|part| is_file(part)) {
                assert!(find(name).is_some(), "{name} in {}", asset.path);
            }
        }
    }

    fn is_file(text: &str) -> bool {
        text.starts_with('/')
            && !text.starts_with("/demo/")
            && [".js", ".css", ".svg"].iter().any(|it| text.ends_with(it))
    }

    #[test]
    fn nothing_comes_from_another_place() {
        for asset in ASSETS {
            let text = asset.text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http://") && !text.contains("https://"), "{}", asset.path);
        }
    }
}
