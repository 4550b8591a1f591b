use super::*;

#[test]
fn words_are_decoded() {
    for (text, expected) in [
        ("", ""),
        ("plain  text = ? =", "plain  text = ? ="),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=", "Grüße aus Köln"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?iso-8859-1?Q?caf=E9?=", "café"),
        ("=?iso-8859-1*fr?Q?caf=E9?=", "café"),
        ("=?Shift_JIS?B?grGC8YLJgr+CzQ==?=", "こんにちは"),
        ("=?cp932?B?grGC8YLJgr+CzQ==?=", "こんにちは"),
        ("=?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?us-ascii?q?a=5Fb_c?=", "a_b c"),
        ("caf=?utf-8?q?=C3=A9?= menu", "café menu"),
        ("raw ü =?utf-8?q?=C3=BC?=", "raw ü ü"),
        ("\"=?utf-8?q?=C3=BC?=\"", "\"ü\""),
    ] {
        assert_eq!(decode(text), expected, "{text}");
    }
}

#[test]
fn space_between_words_vanishes_and_other_space_stays() {
    for (text, expected) in [
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\t  =?iso-8859-1?q?b?=", "ab"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=  b  =?utf-8?q?c?=", "a  b  c"),
        ("  =?utf-8?q?a?=  ", "  a  "),
    ] {
        assert_eq!(decode(text), expected, "{text}");
    }
}

#[test]
fn characters_cut_in_two_are_joined() {
    assert_eq!(decode("=?utf-8?q?a=C3?= =?utf-8?q?=BCb?="), "aüb");
    assert_eq!(decode("=?utf-8?b?4oI=?= =?utf-8?q?=AC?="), "€");
    assert_eq!(decode("=?Shift_JIS?B?grGC?= =?Shift_JIS?B?8Q==?="), "こん");
}

#[test]
fn broken_words_stay_as_written() {
    for text in [
        "=?utf-8?b?!!!!?= rest",
        "=?nope?q?abc?= rest",
        "=?utf-7?q?abc?=",
        "=?utf-8?x?abc?=",
        "=?utf-8?q?=zz?=",
        "=?utf-8?q?=C?=",
        "=?utf-8?q?=FF=FE?=",
        "=?utf-8?q?unfinished",
        "=?utf-8?q",
        "=?=?=?=?",
        "=?utf-8?q?a?b?=",
    ] {
        assert_eq!(decode(text), text);
    }
}

#[test]
fn a_broken_word_spoils_no_other() {
    for (text, expected) in [
        ("=?utf-8?q?a?= =?utf-8?q?=FF?= =?utf-8?q?b?=", "a =?utf-8?q?=FF?= b"),
        ("=?utf-8?q?=FF?= =?iso-8859-1?q?=FC?=", "=?utf-8?q?=FF?= ü"),
        ("=?iso-8859-1?q?=FC?= =?utf-8?q?=FF?=", "ü =?utf-8?q?=FF?="),
        ("=?nope?q?x?= =?utf-8?q?b?=", "=?nope?q?x?= b"),
        ("=? =?utf-8?q?b?=", "=? b"),
    ] {
        assert_eq!(decode(text), expected, "{text}");
    }
}
