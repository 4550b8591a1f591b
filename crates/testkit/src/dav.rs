//! A CalDAV and CardDAV client (RFC 4791, RFC 6352).

use reqwest::{Method, StatusCode};

/// Acts as one user with their default calendar and address book.
#[derive(Debug, Clone)]
pub struct Dav {
    client: reqwest::Client,
    base: String,
    user: String,
    password: String,
}

impl Dav {
    /// A client of the server at `base` (`http://host:port`).
    #[must_use]
    pub fn new(base: &str, user: &str, password: &str) -> Self {
        let client = crate::http_client();
        Self { client, base: base.to_owned(), user: user.to_owned(), password: password.to_owned() }
    }

    /// The path of the user's default calendar, with a slash at its end.
    #[must_use]
    pub fn calendar(&self) -> String {
        format!("/dav/calendars/user/{}/Default/", self.user)
    }

    /// The path of the user's default address book, with a slash at its end.
    #[must_use]
    pub fn address_book(&self) -> String {
        format!("/dav/addressbooks/user/{}/Default/", self.user)
    }

    /// Puts iCalendar text into the default calendar as `<name>.ics`.
    pub async fn put_event(&self, name: &str, text: &str) {
        let path = format!("{}{name}.ics", self.calendar());
        self.put(&path, "text/calendar; charset=utf-8", text).await;
    }

    /// Deletes `<name>.ics` from the default calendar.
    pub async fn delete_event(&self, name: &str) {
        self.delete(&format!("{}{name}.ics", self.calendar())).await;
    }

    /// Puts a person into the default address book as `<name>.vcf`.
    pub async fn put_contact(&self, name: &str, full_name: &str) {
        let path = format!("{}{name}.vcf", self.address_book());
        let text = format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{name}\r\nFN:{full_name}\r\nN:{full_name};;;;\r\nEND:VCARD\r\n"
        );
        self.put(&path, "text/vcard; charset=utf-8", &text).await;
    }

    /// PUT.
    pub async fn put(&self, path: &str, content_type: &str, text: &str) {
        let headers = [("Content-Type", content_type)];
        let status = self.request("PUT", path, &headers, text).await.0;
        assert!(status.is_success(), "PUT was answered {status}");
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) {
        let status = self.request("DELETE", path, &[], "").await.0;
        assert!(status.is_success(), "DELETE was answered {status}");
    }

    /// PROPFIND of `path` itself; also makes the user's default folders. Returns the XML.
    pub async fn propfind(&self, path: &str) -> String {
        let (status, text) = self.request("PROPFIND", path, &[("Depth", "0")], "").await;
        assert!(status.is_success(), "PROPFIND was answered {status}");
        text
    }

    /// Any request; returns the status and the body.
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, String) {
        let method = Method::from_bytes(method.as_bytes()).expect("the method is a token");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.basic_auth(&self.user, Some(&self.password)).body(body.to_owned());
        let response = request.send().await.expect("the HTTP port answers");
        (response.status(), response.text().await.expect("the answer is complete"))
    }
}
