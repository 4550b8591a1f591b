//! The signed link. Pure: a token says what may be muted, for whom, and that we said so.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::{EventKey, MuteScope, RecipientKey};
use wording::Language;

/// The first octet of a token; another form gets another.
const VERSION: u8 = 1;
/// What the key is made for: other uses of the site's key have other words.
const PURPOSE: &[u8] = b"mailpush mute link 1";
/// Octets of the signature: 128 bits, and nobody can try them but by asking us.
const SIGNATURE: usize = 16;
const KEY: usize = 32;
/// Version, scope, recipient, event.
const SIGNED: usize = 2 + KEY + KEY;
const TOKEN: usize = SIGNED + SIGNATURE;

/// What the bearer of a link may mute. It holds hashes only: who reads a link learns no address and no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mutable {
    /// Whose mail.
    pub(crate) recipient: RecipientKey,
    /// The event that the mail was about.
    pub(crate) event: EventKey,
    /// Whether one click, which says no more, means the event alone.
    pub(crate) one_click_is_event: bool,
}

/// The links of one mail: each mutes what it says by one click, and leads a browser to a page that offers that first.
#[derive(Debug)]
pub(crate) struct MailLinks {
    /// No more mail about this event.
    pub(crate) event: String,
    /// No more mail about any alarm.
    pub(crate) all: String,
    one_click_is_event: bool,
}

/// Writes and reads links of a site.
#[derive(Clone)]
pub(crate) struct MuteLinks {
    mac: Hmac<Sha256>,
    /// Without a slash at its end.
    public_url: String,
}

impl Mutable {
    /// What one click mutes.
    pub(crate) fn one_click(&self) -> MuteScope {
        if self.one_click_is_event { MuteScope::Event(self.event) } else { MuteScope::AllAlarms }
    }

    fn octets(&self) -> [u8; SIGNED] {
        let mut octets = [0; SIGNED];
        octets[..2].copy_from_slice(&[VERSION, u8::from(self.one_click_is_event)]);
        octets[2..2 + KEY].copy_from_slice(&self.recipient.octets());
        octets[2 + KEY..].copy_from_slice(&self.event.octets());
        octets
    }

    fn read(octets: &[u8; SIGNED]) -> Option<Self> {
        let [VERSION, scope @ 0..=1] = octets[..2] else { return None };
        let (recipient, event) = octets[2..].split_first_chunk::<KEY>()?;
        let event = event.first_chunk::<KEY>()?;
        Some(Self {
            recipient: RecipientKey::from_octets(*recipient),
            event: EventKey::from_octets(*event),
            one_click_is_event: scope == 1,
        })
    }
}

impl MailLinks {
    /// The one for the mail program's button (RFC 8058).
    pub(crate) fn one_click(&self) -> &str {
        if self.one_click_is_event { &self.event } else { &self.all }
    }
}

impl MuteLinks {
    /// Links under `public_url`, signed with a key of their own that is made of the site's.
    pub(crate) fn new(site_key: &[u8], public_url: &str) -> Self {
        let mut derived = mac(site_key);
        derived.update(PURPOSE);
        let mac = mac(&derived.finalize().into_bytes());
        Self { mac, public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// Both links for `mutable`; which of them is for one click, it says.
    pub(crate) fn of_mail(&self, mutable: &Mutable, language: Language) -> MailLinks {
        let link = |one_click_is_event| self.link(&Mutable { one_click_is_event, ..*mutable }, language);
        let one_click_is_event = mutable.one_click_is_event;
        MailLinks { event: link(true), all: link(false), one_click_is_event }
    }

    /// The link for `mutable`, behind which is a page in `language`. It holds for as long as the site's key: a mail may be found again after years.
    fn link(&self, mutable: &Mutable, language: Language) -> String {
        let signed = mutable.octets();
        let signature = self.signature(&signed).finalize().into_bytes();
        let token = [&signed[..], &signature[..SIGNATURE]].concat();
        // Beside the token: whoever changes the language changes what they read and no more.
        format!("{}/{}/{}", self.public_url, language.tag(), URL_SAFE_NO_PAD.encode(token))
    }

    /// What a token allows, if it is one of ours.
    pub(crate) fn verify(&self, token: &str) -> Option<Mutable> {
        let mut octets = [0; TOKEN];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut octets).ok()?;
        let (signed, signature) = octets.split_first_chunk::<SIGNED>()?;
        if length != TOKEN || self.signature(signed).verify_truncated_left(signature).is_err() {
            return None;
        }
        Mutable::read(signed)
    }

    fn signature(&self, signed: &[u8; SIGNED]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(signed);
        mac
    }
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links() -> MuteLinks {
        MuteLinks::new(b"site", "https://mail.example.org/mute/")
    }

    fn token(link: &str) -> &str {
        link.strip_prefix("https://mail.example.org/mute/de/").expect("the link begins with the public URL")
    }

    fn link(mutable: &Mutable) -> String {
        links().link(mutable, Language::German)
    }

    fn mutable() -> impl Strategy<Value = Mutable> {
        (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<bool>()).prop_map(
            |(recipient, event, one_click_is_event)| Mutable {
                recipient: RecipientKey::from_octets(recipient),
                event: EventKey::from_octets(event),
                one_click_is_event,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_signed_is_read(mutable in mutable()) {
            prop_assert_eq!(links().verify(token(&link(&mutable))), Some(mutable));
        }

        #[test]
        fn one_changed_letter_is_refused(mutable in mutable(), at in 0..110_usize, letter in "[A-Za-z0-9_=-]") {
            let mut changed = token(&link(&mutable)).to_owned();
            let at = at.min(changed.len() - 1);
            prop_assume!(changed[at..=at] != letter);
            changed.replace_range(at..=at, &letter);
            prop_assert_eq!(links().verify(&changed), None);
        }

        #[test]
        fn another_length_is_refused(mutable in mutable(), more in "[A-Za-z0-9_-]{1,40}", cut in 1..110_usize) {
            let whole = token(&link(&mutable)).to_owned();
            prop_assert_eq!(links().verify(&(whole.clone() + &more)), None);
            prop_assert_eq!(links().verify(&whole[..whole.len() - cut.min(whole.len())]), None);
        }

        #[test]
        fn anything_is_refused(text in ".{0,200}") {
            prop_assert_eq!(links().verify(&text), None);
        }

        #[test]
        fn another_sites_link_is_refused(mutable in mutable()) {
            let other = MuteLinks::new(b"other", "https://mail.example.org/mute");
            prop_assert_eq!(links().verify(token(&other.link(&mutable, Language::German))), None);
        }
    }

    #[test]
    fn link_is_frozen() {
        let mutable = Mutable {
            recipient: RecipientKey::from_octets([1; 32]),
            event: EventKey::from_octets([2; 32]),
            one_click_is_event: false,
        };
        assert_eq!(
            link(&mutable),
            "https://mail.example.org/mute/de/AQABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICOLErSJzdKaOcJDUh6oI2ug"
        );
    }
}
