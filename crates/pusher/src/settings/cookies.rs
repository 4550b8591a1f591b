//! Cookies as credentials.

use serde::{Deserialize, Serialize};

/// Which cookies of which pages are presented to the mail server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cookies {
    /// Exact origins, like `https://mail.example.org`, whose pages' cookies count. A page of the streams' own origin
    /// counts for GET without being listed, where its browser sends `Sec-Fetch-Site: same-origin` and no `Origin`.
    pub origins: Vec<String>,
    /// The names of the cookies that are presented. None: all of them.
    pub names: Vec<String>,
}
