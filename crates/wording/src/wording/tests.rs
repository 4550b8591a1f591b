use super::*;

fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn faults(over: &[(&str, &str)]) -> Vec<String> {
    let errors = Wording::load(&files(over)).map(drop).unwrap_err();
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn built_in_files_pass_their_rehearsal() {
    Wording::load(&BTreeMap::new()).map(drop).unwrap();
    Wording::load(&BTreeMap::new()).unwrap().rehearse().unwrap();
}

#[test]
fn faults_of_a_template_are_told_with_file_and_line() {
    assert_eq!(
        faults(&[("alarm.txt", "{{ title }}\n{{ when.lien }}\n")]),
        ["alarm.txt:2: undefined value: `when.lien` is undefined"]
    );
    let unknown =
        faults(&[("alarm.html", "{% extends \"page.html\" %}\n{% block body %}\n{{ tilte }}{% endblock %}")]);
    assert_eq!(unknown, ["alarm.html:3: undefined value: `tilte` is undefined"]);
    let syntax = faults(&[("unscheduled.txt", "{{ text }}\n\n{% if %}\n")]);
    assert!(syntax[0].starts_with("unscheduled.txt:3: syntax error: "), "{syntax:?}");
    // Only the longest mail fails, and only some parts are there in it.
    let rare = faults(&[("alarm.txt", "{% if late %}{{ attendees.mroe }}{% endif %}")]);
    assert_eq!(rare, ["alarm.txt:1: undefined value: `attendees.mroe` is undefined"]);
}

#[test]
fn every_page_and_every_form_of_a_mail_is_tried() {
    let last = faults(&[("mute.html", "{% if buttons %}\n{{ buttons[1].label }}{% endif %}")]);
    assert_eq!(last, ["mute.html:2: undefined value: `buttons[1]` is undefined"], "who muted everything");
    for word in ["mute-unknown", "mute-unclear", "mute-away"] {
        let words = format!("{word} = Told\n");
        let page = "{% if state == 'Told' %}{{ staet }}{% endif %}";
        let told = faults(&[("en.ftl", &words), ("mute.html", page)]);
        assert_eq!(told, ["mute.html:1: undefined value: `staet` is undefined"], "{word}");
    }
    let listed =
        "{% if attendees %}{% if attendees.more %}{% else %}{{ attendees.mroe }}{% endif %}{% endif %}";
    let told = faults(&[("alarm.txt", listed)]);
    assert_eq!(told, ["alarm.txt:1: undefined value: `attendees.mroe` is undefined"], "few attendees");
}

#[test]
fn what_is_undefined_is_named_in_html_as_well() {
    for (template, named) in [
        ("{{ when.vlaue }}", "`when.vlaue`"),
        ("<p>{{ when.vlaue }}</p>\n", "`when.vlaue`"),
        ("{% if when.vlaue %}x{% endif %}", "`when.vlaue`"),
        ("{{ when.vlaue | upper }}", "`when.vlaue`"),
        ("{% for x in when.vlaue %}{% endfor %}", "`when.vlaue`"),
        ("{% for x in facts %}{{ x.vlaue }}{% endfor %}", "`x.vlaue`"),
    ] {
        let told = faults(&[("alarm.html", template)]);
        assert_eq!(told, [format!("alarm.html:1: undefined value: {named} is undefined")], "{template}");
    }
}

#[test]
fn a_page_where_nothing_can_be_clicked_is_refused() {
    let told = "mute.html: page has no form with the name and the value of each button";
    for page in ["", "{{ title }}", "<form>{{ buttons[0].name }} {{ buttons[0].value }}</form>"] {
        // The last is wrong only where there are two.
        let page = format!("{{% if buttons %}}{page}{{% endif %}}");
        assert_eq!(faults(&[("mute.html", &page)]), [told], "{page}");
    }
    let own = "<form method=post>{% for b in buttons %}<input type=submit name={{ b.name }} value={{ b.value }}>{% endfor %}";
    Wording::load(&files(&[("mute.html", own)])).map(drop).unwrap();
}

#[test]
fn endless_template_runs_out_of_fuel() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let told = faults(&[("alarm.txt", endless)]);
    assert!(told[0].contains("engine ran out of fuel"), "{told:?}");
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let told = faults(&[("alarm.htm", ""), ("de.ftl", "ort = Ort"), ("page.html", "{% if"), ("xx.ftl", "")]);
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0], "alarm.htm: file is neither a template nor a language's words");
}

#[test]
fn overrides_are_used() {
    let over = files(&[("alarm.txt", "{{ title }}! {{ when.label }}\n"), ("de.ftl", "when = Zeit")]);
    let wording = Wording::load(&over).unwrap();
    let mail = wording.alarm(&full(), &Reader::of(Language::German)).unwrap();
    assert_eq!(mail.text, "Title! Zeit\n");
    assert!(mail.html.contains("<h1"));
}
