use super::*;

fn text(octets: &str) -> Value {
    Value::Text(octets.as_bytes().to_vec())
}

#[test]
fn values_are_read() {
    let list = Value::List;
    for (written, expected) in [
        ("NIL", Value::Nil),
        ("nil", Value::Nil),
        ("\"NIL\"", text("NIL")),
        ("NILS", text("NILS")),
        ("sms:+15551230000", text("sms:+15551230000")),
        ("a@b?subject=x", text("a@b?subject=x")),
        ("100%", text("100%")),
        ("\"\"", text("")),
        (r#""a \"b\" \\""#, text(r#"a "b" \"#)),
        ("{3}\r\na\r\n", text("a\r\n")),
        ("{3+}\r\n)\"(", text(")\"(")),
        ("{3+}\n{9}", text("{9}")),
        ("{0}\r\n", text("")),
        ("()", list(vec![])),
        (
            "(a NIL ((b)) \"\")",
            list(vec![text("a"), Value::Nil, list(vec![list(vec![text("b")])]), text("")]),
        ),
        ("((a)(b))", list(vec![list(vec![text("a")]), list(vec![text("b")])])),
        ("%()", Value::Pairs(vec![])),
        (
            "%(A x B (y))",
            Value::Pairs(vec![(b"A".to_vec(), text("x")), (b"B".to_vec(), list(vec![text("y")]))]),
        ),
    ] {
        assert_eq!(Value::parse(written.as_bytes()), Ok(expected), "{written}");
    }
}

#[test]
fn broken_texts_are_refused() {
    for (written, expected) in [
        ("", Malformed::Syntax),
        (" a", Malformed::Syntax),
        ("a b", Malformed::Syntax),
        ("(a", Malformed::Syntax),
        ("(a))", Malformed::Syntax),
        ("(a\tb)", Malformed::Syntax),
        ("%(A)", Malformed::Syntax),
        ("%(A x", Malformed::Syntax),
        ("%((A) x)", Malformed::Syntax),
        ("\"a", Malformed::Syntax),
        ("\"a\\x\"", Malformed::Syntax),
        ("\"a\r\n\"", Malformed::Syntax),
        ("\"a\0\"", Malformed::Syntax),
        ("a{3}\r\nabc", Malformed::Syntax),
        ("{3}\r\nab", Malformed::Literal),
        ("{3}ab", Malformed::Literal),
        ("{}\r\n", Malformed::Literal),
        ("{+3}\r\nabc", Malformed::Literal),
        ("{-3}\r\nabc", Malformed::Literal),
        ("{3++}\r\nabc", Malformed::Literal),
        ("{99999999999999999999}\r\nabc", Malformed::Literal),
        ("((((((((((()))))))))))", Malformed::TooDeep),
    ] {
        assert_eq!(Value::parse(written.as_bytes()), Err(expected), "{written}");
    }
}

#[test]
fn a_flood_of_values_is_refused() {
    let flood = format!("({})", "()".repeat(MOST_VALUES));
    assert_eq!(Value::parse(flood.as_bytes()), Err(Malformed::TooManyValues));
}

#[test]
fn debug_shows_no_content() {
    let value = Value::parse(b"%(KEY (secret NIL))").unwrap();
    assert_eq!(format!("{value:?}"), "[[Text(6 octets), Nil]]");
}
