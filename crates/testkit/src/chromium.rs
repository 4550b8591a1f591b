//! A page in a real browser: Debian's Chromium without a screen, driven by WebDriver.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::process::Process;
use crate::{Scratch, eventually, http_client};

const BROWSER: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";
const START_WITHIN: Duration = Duration::from_secs(60);
/// It must neither update itself nor talk to anybody but the page's server.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
];

/// One page of a browser of its own. The browser ends when this is dropped.
#[derive(Debug)]
pub struct Page {
    client: reqwest::Client,
    session: String,
    // Dropped in this order: the processes first, then the profile.
    _driver: Process,
    _scratch: Scratch,
}

impl Page {
    /// Starts a browser with an empty profile.
    ///
    /// # Panics
    /// When Chromium or its driver is not installed, or does not start.
    pub async fn open() -> Self {
        for program in [BROWSER, DRIVER] {
            assert!(Path::new(program).exists(), "{program} is not installed: run tests/run");
        }
        let scratch = Scratch::new();
        let profile = scratch.join("profile").display().to_string();
        let mut command = Command::new(DRIVER);
        command.arg("--port=0").env("TMPDIR", scratch.path()).env("HOME", scratch.path());
        // The browser leaves the driver's process group: it is found by the path of its profile.
        let mut driver = Process::start("chromedriver", &mut command, Some(profile.clone()));
        let port = port(&mut driver).await;
        let client = http_client();
        let session = session(&client, port, &profile).await;
        Self { client, session, _driver: driver, _scratch: scratch }
    }

    /// Opens `url` and waits until it is loaded.
    pub async fn goto(&self, url: &str) {
        self.post("url", json!({"url": url})).await;
    }

    /// The value of a JavaScript expression.
    ///
    /// # Panics
    /// When the expression throws.
    pub async fn eval(&self, expression: &str) -> Value {
        self.post("execute/sync", json!({"script": format!("return ({expression});"), "args": []})).await
    }

    /// Waits until a JavaScript expression is true; one that throws counts as false.
    pub async fn wait_until(&self, condition: &str, deadline: Duration) {
        let safe = format!("(() => {{ try {{ return !!({condition}); }} catch (e) {{ return false; }} }})()");
        eventually(deadline, &format!("on the page: {condition}"), async || {
            (self.eval(&safe).await == Value::Bool(true)).then_some(())
        })
        .await;
    }

    /// Gives the page a viewport of `width` × `height` CSS pixels, even one narrower than a window can be.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics});
        self.post("goog/cdp/execute", command).await;
    }

    /// Writes what the viewport shows to `path`, as PNG.
    pub async fn screenshot(&self, path: &Path) {
        let image = self.get("screenshot").await;
        let image = STANDARD.decode(image.as_str().unwrap_or_default()).expect("the driver sends base64");
        fs::write(path, image).expect("the path can be written");
    }

    /// What the page's console said since the last call, at level SEVERE: script errors and failed loads.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({"type": "browser"})).await;
        let severe = entries.as_array().into_iter().flatten().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn post(&self, command: &str, arguments: Value) -> Value {
        value(self.client.post(format!("{}/{command}", self.session)).json(&arguments)).await
    }

    async fn get(&self, command: &str) -> Value {
        value(self.client.get(format!("{}/{command}", self.session))).await
    }
}

/// The driver says which port it took: "… started successfully on port 12345."
async fn port(driver: &mut Process) -> u16 {
    eventually(START_WITHIN, "chromedriver says its port", async || {
        driver.assert_alive();
        let line = driver.said().line_with("successfully on port")?;
        line.trim_end_matches('.').rsplit(' ').next()?.parse().ok()
    })
    .await
}

/// Starts the browser; returns the address of its session.
async fn session(client: &reqwest::Client, port: u16, profile: &str) -> String {
    let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    flags.push(format!("--user-data-dir={profile}"));
    let options = json!({"binary": BROWSER, "args": flags});
    let wanted = json!({"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
    let request = json!({"capabilities": {"alwaysMatch": wanted}});
    let base = format!("http://127.0.0.1:{port}/session");
    let answer = value(client.post(&base).json(&request)).await;
    format!("{base}/{}", answer["sessionId"].as_str().expect("a session has an id"))
}

async fn value(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("chromedriver answers");
    let good = response.status().is_success();
    let mut answer: Value = response.json().await.expect("chromedriver speaks JSON");
    assert!(good, "the browser refused: {}", answer["value"]["message"]);
    answer["value"].take()
}
