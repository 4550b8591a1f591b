//! Who reads our mail, and how. Never written here: the tables are an operator's, or views in their place.

use mailbox_event::Account;

use crate::{
    EffectKey, EventKey, RecipientKey, Settings, Store, StoreError,
    database::Row,
    group_commit::{Many, OwnValue, Wanted},
};

/// What is known of a reader. What is missing, and what nobody could read, is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reader {
    /// BCP 47, like `pt-BR`; not checked further.
    pub language: Option<String>,
    /// IANA, like `America/Sao_Paulo`; not checked further.
    pub zone: Option<String>,
    /// How hours are counted.
    pub hour_cycle: Option<HourCycle>,
}

/// To whom a mail goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addressee {
    /// How they read it; `None` for strangers.
    pub reader: Option<Reader>,
    /// Whether they want none about the event.
    pub is_muted: bool,
}

/// How the hours of a day are counted (Unicode TR 35, key hc).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HourCycle {
    /// Twice to 12, with a word for the half of the day.
    H12,
    /// From 0 to 23.
    H23,
}

/// Characters of a column that are read. The longest name of a zone has 32, a language tag that anybody uses fewer.
const LONGEST: usize = 64;

/// The statement for the tables of `settings`. An address that nobody owns may be a user's name itself. The columns are
/// cast, for behind a view may be types of the operator's own. Also what the ledger has of an effect; without a key nothing
/// is looked up for it. Rows: a name for it, the address, the keys of the recipient, of the event and of the effect.
pub(crate) fn addressee_statement(settings: &Settings) -> Many {
    let Settings { recipients, addresses, .. } = settings;
    let column = |name| format!("SUBSTR(CAST(r.{name} AS TEXT), 1, {}) AS {name}", LONGEST + 1);
    let [language, zone, hour_cycle] = ["language", "zone", "hour_cycle"].map(column);
    let head = format!(
        "SELECT v.column1 AS name, {language}, {zone}, {hour_cycle}, \
         CAST(CASE WHEN r.user_id IS NULL THEN 0 ELSE 1 END AS BIGINT) AS known, (SELECT COUNT(*) FROM mutes \
         WHERE mutes.recipient = v.column3 AND mutes.event IN (v.column4, 'all')) AS mutes, \
         e.state, e.message_id, e.attempts, e.repeats, e.begun_by, e.reason FROM"
    );
    let tail = format!(
        "LEFT JOIN effects AS e ON e.key = NULLIF(v.column5, '') \
         LEFT JOIN {recipients} AS r ON r.user_id = COALESCE((SELECT a.user_id FROM {addresses} AS a WHERE a.address = v.column2 \
         ORDER BY a.user_id LIMIT 1), v.column2)"
    );
    Many::new(&head, 5, &tail)
}

/// The most numbers of a user that are looked at; a row of them is read for each text, and nobody has as many telephones.
const MOST_NUMBERS: usize = 100;

/// As [`addressee_statement`], for telephone numbers, one on a line. Rows: the user.
pub(crate) fn numbers_statement(settings: &Settings) -> Many {
    let head = format!(
        "SELECT v.column1 AS name, (SELECT STRING_AGG(n.number, '\n') FROM (SELECT SUBSTR(CAST(number AS TEXT), 1, {LONGEST}) \
         AS number FROM {} WHERE user_id = v.column1 ORDER BY number LIMIT {MOST_NUMBERS}) AS n) AS numbers FROM",
        settings.numbers
    );
    Many::new(&head, 1, "").at_once()
}

impl Store {
    /// The telephone numbers that `user` has shown to be theirs, as the operator wrote them: the first
    /// hundred in the order of their characters.
    pub async fn numbers(&self, user: &Account) -> Result<Vec<String>, StoreError> {
        let name = user.as_str().to_owned();
        let wanted = Wanted { values: vec![OwnValue::Text(name.clone())], name };
        let row = self.group_commit().await?.row(&self.numbers, wanted).await?;
        let numbers = row.ok_or(sqlx::Error::RowNotFound)?.text_if_any("numbers")?;
        Ok(numbers.iter().flat_map(|numbers| numbers.lines()).map(str::to_owned).collect())
    }

    /// Who reads what is sent to `address`, by its owner or by the user of that name, and whether whoever is `muting` has
    /// muted the event or everything. Many may ask at a time.
    pub async fn addressee(
        &self,
        address: &Account,
        muting: Option<(&RecipientKey, &EventKey)>,
    ) -> Result<Addressee, StoreError> {
        let muted = muting.map(|(recipient, event)| format!("{recipient}{event}")).unwrap_or_default();
        let name = format!("{muted}{}", address.as_str());
        Ok(Addressee::read(&self.addressee_row(name, address, muting, None).await?)?)
    }

    pub(crate) async fn addressee_row(
        &self,
        name: String,
        address: &Account,
        muting: Option<(&RecipientKey, &EventKey)>,
        effect: Option<&EffectKey>,
    ) -> Result<Row, StoreError> {
        // Where nobody can have muted it, keys that nobody has.
        let (recipient, event) =
            muting.map(|(recipient, event)| (recipient.to_string(), event.to_string())).unwrap_or_default();
        let effect = effect.map(EffectKey::to_string).unwrap_or_default();
        let values = [name.clone(), address.as_str().to_owned(), recipient, event, effect];
        let wanted = Wanted { name, values: values.map(OwnValue::Text).into() };
        let row = self.group_commit().await?.row(&self.addressee, wanted).await?;
        Ok(row.ok_or(sqlx::Error::RowNotFound)?)
    }
}

impl Addressee {
    pub(crate) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let reader = if row.number("known")? > 0 { Some(Reader::read(row)?) } else { None };
        Ok(Self { reader, is_muted: row.number("mutes")? > 0 })
    }
}

impl Reader {
    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let text = |column| Ok::<_, sqlx::Error>(row.text_if_any(column)?.filter(|text| is_sound(text)));
        Ok(Self {
            language: text("language")?,
            zone: text("zone")?,
            hour_cycle: text("hour_cycle")?.and_then(|name| HourCycle::parse(&name)),
        })
    }
}

fn is_sound(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|octet| octet.is_ascii_graphic())
}

impl HourCycle {
    /// Unicode's four names; those that begin with 0 or end with 24 are not told apart.
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "h11" | "h12" => Some(Self::H12),
            "h23" | "h24" => Some(Self::H23),
            _ => None,
        }
    }
}
