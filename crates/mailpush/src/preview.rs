//! `mailpush preview`: writes a mail or page as notifyd would send it, to look at before anybody gets it; and what a Sieve
//! script's notification would send.

mod sieve;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::ValueEnum as _;
use jiff::{ToSpan, Zoned};
use notifyd::{OverrideError, overrides};
use wording::{
    Alarm, Attendee, EventTime, HourCycle, Language, Links, Locale, MutePage, Notice, Participation, Reader,
    RenderError, UnknownZone, Unscheduled, Wording,
};

use crate::exit::{Ending, Exit};

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Which mail or page.
    kind: Kind,
    /// The reader's language: a BCP 47 tag; one of ar, de, en, es, fr, it, ja, nl, pl, pt-BR, ru, zh-Hans. Without it
    /// English; for sieve the user's, or the one that is configured.
    #[arg(long)]
    language: Option<String>,
    /// The reader's zone, like Asia/Tokyo; without it the event's own.
    #[arg(long)]
    zone: Option<String>,
    /// 12 or 24; without it as usual for the language.
    #[arg(long, value_parser = clap::value_parser!(u8).range(12..=24))]
    hours: Option<u8>,
    /// The folder with words and templates of your own.
    #[arg(long)]
    wording: Option<PathBuf>,
    /// The folder that the files are written to; without it this one.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    sieve: sieve::SieveOptions,
}

/// What there is to see.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// An appointment in Berlin tomorrow, with everything there is to tell.
    Alarm,
    /// The same, late.
    Late,
    /// Three whole days.
    Days,
    /// Messages that were not sent.
    Unscheduled,
    /// Notifications that were merged.
    More,
    /// The end of the credit for text messages.
    CreditEnded,
    /// The pages behind the links of mails, each of them.
    Mute,
    /// What a script's notification would send, on standard output.
    Sieve,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is written in such a language.
    #[error("mail is not written in {0:?}, but in {known}", known = languages())]
    Language(String),
    /// It would be ignored.
    #[error("{0} is not for {1}")]
    Useless(&'static str, String),
    /// Hours are counted to 12 or to 24.
    #[error("--hours is neither 12 nor 24")]
    Hours,
    /// There is no such zone.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// The words or templates cannot be used.
    #[error("words and templates cannot be used")]
    Wording(#[from] OverrideError),
    /// What a notification would send cannot be told.
    #[error(transparent)]
    Sieve(#[from] sieve::Error),
    /// A template failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The time of the example cannot be told.
    #[error("this is no time for an example")]
    Time(#[from] jiff::Error),
    /// A file cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody can be told where the files are.
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
}

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Useless(..) | Self::Language(_) | Self::Hours | Self::Zone(_) | Self::Wording(_) => {
                Exit::Usage
            }
            Self::Sieve(why) => why.exit(),
            Self::Write { source, .. } => Exit::of_io(source),
            Self::Render(_) | Self::Time(_) | Self::Output(_) => Exit::Failure,
        }
    }
}

fn languages() -> String {
    let mut tags = Language::ALL.map(Language::tag);
    tags.sort_unstable();
    tags.join(", ")
}

/// Writes the files of the mail or the pages, and says where they are.
pub async fn run(options: &Options) -> Result<(), Error> {
    if let Some(option) = useless(options) {
        return Err(Error::Useless(option, name(options.kind)));
    }
    let reader = reader(options)?;
    let wording = overrides::load(options.wording.as_deref())?;
    if let Kind::Sieve = options.kind {
        let told = sieve::show(&options.sieve, &wording, options.language.as_ref().map(|_| &reader)).await?;
        return write!(io::stdout(), "{told}").map_err(Error::Output);
    }
    for (name, content) in files(options.kind, &wording, &reader, &Zoned::now())? {
        let path = options.out.as_deref().unwrap_or(Path::new(".")).join(name);
        fs::write(&path, content).map_err(|source| Error::Write { path: path.clone(), source })?;
        tell(&path)?;
    }
    Ok(())
}

/// The first option that this kind would not heed: whoever gives it means something else.
fn useless(options: &Options) -> Option<&'static str> {
    let Options { kind, zone, hours, out, sieve, .. } = options;
    match kind {
        Kind::Sieve => {
            let given = [("--zone", zone.is_some()), ("--hours", hours.is_some()), ("--out", out.is_some())];
            given.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
        }
        _ => sieve.given(),
    }
}

/// As it is written on the command line.
fn name(kind: Kind) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn tell(path: &Path) -> Result<(), Error> {
    writeln!(io::stdout(), "{}", path.display()).map_err(Error::Output)
}

fn reader(options: &Options) -> Result<Reader, Error> {
    let language = options.language.as_deref().unwrap_or("en");
    let reader = Reader::of(Locale::negotiate(language).ok_or_else(|| Error::Language(language.to_owned()))?);
    let hour_cycle = match options.hours {
        None => None,
        Some(12) => Some(HourCycle::TwelveHours),
        Some(24) => Some(HourCycle::TwentyFourHours),
        Some(_) => return Err(Error::Hours),
    };
    let reader = Reader { hour_cycle, ..reader };
    Ok(match &options.zone {
        Some(zone) => reader.in_zone(zone)?,
        None => reader,
    })
}

/// The files of that kind, each with its name.
fn files(
    kind: Kind,
    wording: &Wording,
    reader: &Reader,
    now: &Zoned,
) -> Result<Vec<(String, String)>, Error> {
    let (name, mail) = match kind {
        Kind::Alarm => ("alarm", wording.alarm(&lunch(now)?, reader)?),
        Kind::Late => ("late", wording.alarm(&Alarm { is_late: true, ..lunch(now)? }, reader)?),
        Kind::Days => ("days", wording.alarm(&Alarm { time: days(now)?, ..lunch(now)? }, reader)?),
        Kind::Unscheduled => ("unscheduled", wording.unscheduled(Unscheduled { count: 3 }, reader)?),
        Kind::More => ("more", wording.notice(&Notice::More { count: 5 }, reader)?),
        Kind::CreditEnded => ("credit-ended", wording.notice(&Notice::CreditEnded, reader)?),
        Kind::Mute => return pages(wording, reader.locale.language()),
        // It is no file.
        Kind::Sieve => return Ok(Vec::new()),
    };
    let name = format!("{name}.{}", reader.locale.language().tag());
    let text = format!("Subject: {}\n\n{}", mail.subject, mail.text);
    Ok(vec![(format!("{name}.txt"), text), (format!("{name}.html"), mail.html)])
}

/// Every page behind a link.
fn pages(wording: &Wording, language: Language) -> Result<Vec<(String, String)>, Error> {
    let file = |(name, page)| {
        Ok((format!("mute-{name}.{}.html", language.tag()), wording.mute_page(page, language)?))
    };
    MutePage::ALL.into_iter().map(file).collect()
}

/// Lunch tomorrow.
fn lunch(now: &Zoned) -> Result<Alarm<'static>, Error> {
    let attendee = |name, email, participation| Attendee { name, email, participation: Some(participation) };
    let day = now.checked_add(1.day())?.strftime("%Y%m%d").to_string();
    let time = |hour: &str| format!("{day}T{hour}00");
    Ok(Alarm {
        title: "Team lunch, café",
        description: "Bring the plans\nand a pen.",
        location: "Café Müller, Berlin",
        calendar: "Work",
        organiser: "alice@example.org",
        time: EventTime::parse(&time("1215"), &time("1345"), "Europe/Berlin"),
        attendees: vec![
            attendee("Bob Builder", "bob@example.org", Participation::Accepted),
            attendee("غسان", "ghassan@example.org", Participation::NeedsAction),
        ],
        is_recurring: true,
        is_late: false,
        links: Links {
            mute_event: Some("https://mail.example.org/mute/event"),
            mute_all: Some("https://mail.example.org/mute/all"),
        },
    })
}

fn days(now: &Zoned) -> Result<EventTime, Error> {
    let day = |ahead: i64| Ok::<_, Error>(now.checked_add(ahead.days())?.strftime("%Y%m%d").to_string());
    Ok(EventTime::parse(&day(1)?, &day(4)?, ""))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn options(kind: Kind, language: &str, out: &Path) -> Options {
        let (language, out) = (Some(language.to_owned()), Some(out.to_owned()));
        Options {
            kind,
            language,
            zone: Some("Asia/Tokyo".into()),
            hours: Some(24),
            wording: None,
            out,
            sieve: sieve::SieveOptions::default(),
        }
    }

    #[tokio::test]
    async fn every_mail_and_page_is_written() {
        let folder = TempDir::new().unwrap();
        let read = |file: String| fs::read_to_string(folder.path().join(file)).unwrap();
        for (kind, name) in [
            (Kind::Alarm, "alarm"),
            (Kind::Late, "late"),
            (Kind::Days, "days"),
            (Kind::Unscheduled, "unscheduled"),
            (Kind::More, "more"),
            (Kind::CreditEnded, "credit-ended"),
        ] {
            run(&options(kind, "ar", folder.path())).await.unwrap();
            assert!(read(format!("{name}.ar.txt")).starts_with("Subject: "));
            assert!(read(format!("{name}.ar.html")).contains("dir=\"rtl\""));
        }
        run(&options(Kind::Mute, "ar", folder.path())).await.unwrap();
        for (name, page) in MutePage::ALL {
            let written = read(format!("mute-{name}.ar.html"));
            assert!(written.contains("dir=\"rtl\""));
            assert_eq!(written.contains("<form"), matches!(page, MutePage::Muted { .. }), "{name}");
        }
    }

    #[tokio::test]
    async fn options_of_another_kind_are_refused() {
        let folder = TempDir::new().unwrap();
        let mut alarm = options(Kind::Alarm, "en", folder.path());
        alarm.sieve.method = Some("mailto".to_owned());
        let mut notice = options(Kind::CreditEnded, "en", folder.path());
        notice.sieve.text = Some(String::new());
        let sieve = options(Kind::Sieve, "en", folder.path());
        for (options, said) in [
            (alarm, "--method is not for alarm"),
            (notice, "--text is not for credit-ended"),
            (sieve, "--zone is not for sieve"),
        ] {
            let refused = run(&options).await.unwrap_err();
            assert_eq!((refused.to_string().as_str(), refused.exit()), (said, Exit::Usage));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let folder = TempDir::new().unwrap();
        let wrong = async |change: fn(&mut Options)| {
            let mut options = options(Kind::Alarm, "en", folder.path());
            change(&mut options);
            run(&options).await.unwrap_err().to_string()
        };
        assert_eq!(
            wrong(|options| options.language = Some("tlh".into())).await,
            "mail is not written in \"tlh\", but in ar, de, en, es, fr, it, ja, nl, pl, pt-BR, ru, zh-Hans"
        );
        assert_eq!(wrong(|options| options.hours = Some(13)).await, "--hours is neither 12 nor 24");
        assert_eq!(
            wrong(|options| options.zone = Some("Mars/Olympus".into())).await,
            "time zone is not one of the tz database"
        );
        assert!(
            wrong(|options| options.out = Some("/nowhere".into()))
                .await
                .starts_with("/nowhere/alarm.en.txt cannot be")
        );
    }
}
