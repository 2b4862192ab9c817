use super::parse::parse_nested;
use super::*;

fn parsed(text: &str) -> Element {
    parse(text, "test_definition", VIR_FROM_STORAGE).unwrap()
}

fn refused(text: &str) -> String {
    let error = parse(text, "w", VIR_FROM_DOMAIN).unwrap_err();
    assert_eq!((error.code, error.domain), (VIR_ERR_XML_DETAIL, VIR_FROM_DOMAIN));
    error.message
}

#[track_caller]
fn comes_back_as(text: &str, written: &str) {
    assert_eq!(parsed(text).to_xml(), written);
    assert_eq!(parsed(written), parsed(text));
}

const DOMAIN: &str = "\
<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>guest &amp; co</name>
  <metadata>
    <app:note xmlns:app='http://example.com/app' app:level='7'>keep <b>this</b>, please</app:note>
  </metadata>
  <!-- the boot disk -->
  <?tool keep=1?>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/images/it&apos;s &quot;one&quot;.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <emulator/>
  </devices>
  <description>  two
lines  </description>
  <script><![CDATA[a < b && c]]></script>
  <qemu:commandline>
    <qemu:arg value='-S'/>
  </qemu:commandline>
</domain>
";

#[test]
fn a_document_in_libvirts_style_comes_back_byte_for_byte() {
    comes_back_as(DOMAIN, DOMAIN);
}

#[test]
fn white_space_between_elements_is_normalised() {
    let prolog = "\u{feff}<?xml version=\"1.0\" encoding='UTF-8'?>\n<!-- mine -->\n";
    let text = format!("{prolog}<a \t b = \"1\"\n>\r\n\t<c ></c >  <d/>\n</a>\n<!-- end -->\n");
    comes_back_as(&text, "<a b='1'>\n  <c/>\n  <d/>\n</a>\n");
}

#[test]
fn text_keeps_its_white_space() {
    comes_back_as("<a> </a>", "<a> </a>\n");
    comes_back_as("<a>\n <b>  </b> </a>", "<a>\n  <b>  </b>\n</a>\n");
    // Around words nothing is added or removed, at any depth.
    comes_back_as(
        "<a>\n<p>x <i> <b/> </i>\n<u/> </p></a>",
        "<a>\n  <p>x <i> <b/> </i>\n<u/> </p>\n</a>\n",
    );
    comes_back_as("<a>x<!-- c -->y</a>", "<a>x<!-- c -->y</a>\n");
    comes_back_as("<a> <![CDATA[]]> </a>", "<a> <![CDATA[]]> </a>\n");
}

#[test]
fn line_ends_and_values_are_normalised_as_xml_wants() {
    let root = parsed("<a b='1\r\n2\t3\r4&#10;5&#13;&#9;'>x\r\ny\rz&#13;</a>");
    assert_eq!(root.attr("b"), Some("1 2 3 4\n5\r\t"));
    assert_eq!(root.text(), "x\ny\nz\r");
    assert_eq!(root.to_xml(), "<a b='1 2 3 4&#10;5&#13;&#9;'>x\ny\nz&#13;</a>\n");
    comes_back_as("<a><!--1\r\n2--><?p 1\r2?></a>", "<a>\n  <!--1\n2-->\n  <?p 1\n2?>\n</a>\n");
}

#[test]
fn references_are_resolved() {
    let root = parsed("<a b='&lt;&quot;&#x41;'>&amp;&gt;&apos;&#233;&#x20AC;&#0000000000065;</a>");
    assert_eq!(root.attr("b"), Some("<\"A"));
    assert_eq!(root.text(), "&>'é€A");
}

#[test]
fn accessors_find_what_is_there() {
    let mut root = parsed("<a k='v'><b/><c>1</c>x<b n='2'>y<i>z</i><![CDATA[<]]></b><e/></a>");
    assert_eq!(root.attr("k"), Some("v"));
    assert_eq!(root.attr("K"), None);
    assert_eq!(root.children("b").count(), 2);
    assert_eq!(root.elements().count(), 4);
    assert_eq!(root.children("b").nth(1).map(Element::text).as_deref(), Some("yz<"));
    assert_eq!(root.text_of("c").as_deref(), Some("1"));
    assert_eq!(root.text_of("e"), None);
    assert_eq!(root.text_of("nothing"), None);
    assert_eq!(root.text(), "1xyz<");

    root.set_child(Element::new("c").with_attr("n", 1).with_text(2));
    root.set_child(Element::new("f").with_text(""));
    root.remove_children("b");
    root.set_attr("k", "w");
    root.set_attr("l", "'");
    assert_eq!(root.to_xml(), "<a k='w' l='&apos;'><c n='1'>2</c>x<e/><f/></a>\n");
    root.remove_attr("k");
    root.remove_attr("k");
    if let Some(f) = root.child_mut("f") {
        f.push(Element::new("g"));
    }
    assert_eq!(root.to_xml(), "<a l='&apos;'><c n='1'>2</c>x<e/><f><g/></f></a>\n");
    assert_eq!(root.clone(), root);
    assert_ne!(root, Element::new("a"));
}

#[test]
fn the_root_is_checked_by_name() {
    assert!(parsed("<pool/>").expect_name("pool").is_ok());
    let error = parsed("<foo/>").expect_name("pool").unwrap_err();
    assert_eq!((error.code, error.domain), (VIR_ERR_XML_ERROR, VIR_FROM_XML));
    assert_eq!(error.message, "XML error: expecting root element of 'pool', not 'foo'");
    let long = format!("<{}/>", "f".repeat(100_000));
    assert!(parsed(&long).expect_name("pool").unwrap_err().message.len() < 400);
}

/// The texts and places, line and column, are those of libvirt 9.0 with libxml2 2.9.
/// Each text is refused with a problem in a line, and a pointer below a column of it.
fn refused_at(cases: &[(&str, u32, &str, usize)]) {
    for (text, line, problem, column) in cases {
        let message = refused(text);
        let (first, context) = message.split_once('\n').unwrap();
        assert_eq!(first, format!("(w):{line}: {problem}"), "{text:?}");
        let pointer = context.rsplit('\n').next().unwrap();
        assert_eq!(pointer, format!("{}^", "-".repeat(*column)), "{text:?}: {message}");
    }
}

#[test]
fn malformed_documents_are_refused_as_libvirt_refuses_them() {
    assert_eq!(refused(""), "(w):1: Document is empty\n\n^");
    refused_at(&[
        (" ", 1, "Start tag expected, '<' not found", 1),
        ("<pool", 1, "Couldn't find end of Start Tag pool line 1", 5),
        ("<a>\n<b>\n</c>", 3, "Opening and ending tag mismatch: b line 2 and c", 4),
        ("<a></a>x", 1, "Extra content at the end of the document", 7),
        ("<a/><a/>", 1, "Extra content at the end of the document", 4),
        ("<a b='1' b='2'/>", 1, "Attribute b redefined", 14),
        ("<a\nb='1'\n b='2'/>", 3, "Attribute b redefined", 6),
        ("<a b=c/>", 1, "AttValue: \" or ' expected", 5),
        ("<a b/>", 1, "Specification mandates value for attribute b", 4),
        ("<a b='c", 1, "AttValue: ' expected", 7),
        ("<a b='c><d/></a>", 1, "Unescaped '<' not allowed in attributes values", 8),
        ("<a>b", 1, "Premature end of data in tag a line 1", 4),
        ("<a>\n\n\n", 4, "Premature end of data in tag a line 1", 0),
        ("<a b='c<d'/>", 1, "Unescaped '<' not allowed in attributes values", 7),
        ("<a>&foo;</a>", 1, "Entity 'foo' not defined", 8),
        ("<a b='&b;'/>", 1, "Entity 'b' not defined", 9),
        ("<a>&lt</a>", 1, "EntityRef: expecting ';'", 6),
        ("<a>&lt b;</a>", 1, "EntityRef: expecting ';'", 6),
        ("<a b='&b'/>", 1, "EntityRef: expecting ';'", 8),
        ("<a>&a", 1, "EntityRef: expecting ';'", 5),
        ("<a>& b</a>", 1, "xmlParseEntityRef: no name", 4),
        ("<a>& b;</a>", 1, "xmlParseEntityRef: no name", 4),
        ("<a>&#xZ;</a>", 1, "CharRef: invalid hexadecimal value", 6),
        ("<a>&#;</a>", 1, "CharRef: invalid decimal value", 5),
        ("<a>&#1;</a>", 1, "xmlParseCharRef: invalid xmlChar value 1", 7),
        ("<a b='&#0;'/>", 1, "xmlParseCharRef: invalid xmlChar value 0", 10),
        ("<a>&#xD800;</a>", 1, "xmlParseCharRef: invalid xmlChar value 55296", 11),
        ("<a>&#xFFFE;</a>", 1, "xmlParseCharRef: invalid xmlChar value 65534", 11),
        ("<a>&#x110000;</a>", 1, "xmlParseCharRef: invalid xmlChar value 1114112", 13),
        ("<a>&#99999999999;</a>", 1, "xmlParseCharRef: character reference out of bounds", 17),
        ("<a>]]></a>", 1, "Sequence ']]>' not allowed in content", 3),
    ]);
}

#[test]
fn malformed_tags_are_refused_as_libvirt_refuses_them() {
    refused_at(&[
        ("<a b='c'd='e'/>", 1, "attributes construct error", 8),
        ("<a b='c'/", 1, "attributes construct error", 8),
        ("<a b='c' =''/>", 1, "error parsing attribute name", 9),
        ("<a b='c' / >", 1, "error parsing attribute name", 9),
        ("<1a/>", 1, "StartTag: invalid element name", 1),
        ("< a/>", 1, "StartTag: invalid element name", 1),
        ("<>", 1, "StartTag: invalid element name", 1),
        ("<", 1, "StartTag: invalid element name", 1),
        ("<a><!FOO></a>", 1, "StartTag: invalid element name", 4),
        ("</a>", 1, "Start tag expected, '<' not found", 0),
        ("x<a/>", 1, "Start tag expected, '<' not found", 0),
        ("&amp;<a/>", 1, "Start tag expected, '<' not found", 0),
        ("<a/>&amp;", 1, "Extra content at the end of the document", 4),
        ("<a/></a>", 1, "Extra content at the end of the document", 4),
        ("<a/><![CDATA[]]>", 1, "Extra content at the end of the document", 4),
        ("<a></a x>", 1, "expected '>'", 6),
        ("<a></>", 1, "Opening and ending tag mismatch: a line 1 and unparsable", 6),
        ("<a></1>", 1, "expected '>'", 5),
        ("<a></b x>", 1, "expected '>'", 6),
        ("<a>\n<b'c>", 2, "error parsing attribute name", 2),
        ("<a/><![CDATA[", 1, "Extra content at the end of the document", 4),
        ("<a b\nc='1'/>", 2, "Specification mandates value for attribute b", 0),
        ("<a<b/>", 1, "error parsing attribute name", 2),
        ("<a><!- b --></a>", 1, "StartTag: invalid element name", 4),
        ("<a><![cdata[b]]></a>", 1, "StartTag: invalid element name", 4),
        ("<a></a", 1, "expected '>'", 6),
    ]);
}

#[test]
fn malformed_markup_is_refused_as_libvirt_refuses_it() {
    refused_at(&[
        ("<a><!-- b -- c --></a>", 1, "Double hyphen within comment", 3),
        ("<a><!-- b ---></a>", 1, "Double hyphen within comment", 3),
        ("<a><!-- b", 1, "Comment not terminated", 9),
        ("<a><![CDATA[ b", 1, "CData section not finished", 14),
        ("<a><?pi", 1, "ParsePI: PI pi never end ...", 7),
        ("<a><? x?></a>", 1, "xmlParsePI : no target name", 5),
        ("<a><?x\"?></a>", 1, "ParsePI: PI x space expected", 5),
        ("<a><?XML x?></a>", 1, "XML declaration allowed only at the start of the document", 5),
        ("<a><?xml x?></a>", 1, "XML declaration allowed only at the start of the document", 8),
        (
            " <?xml version='1.0'?><a/>",
            1,
            "XML declaration allowed only at the start of the document",
            6,
        ),
        ("<?xml version='2.0'?><a/>", 1, "Unsupported version '2.0'", 0),
        ("<?xml?><a/>", 1, "Malformed declaration expecting version", 0),
        ("<?xml version='1.0?><a/>", 1, "AttValue: ' expected", 18),
        ("<?xml version='1.0' standalone='x'?><a/>", 1, "standalone accepts only 'yes' or 'no'", 0),
        ("<?xml version='1.0' b='c'?><a/>", 1, "parsing XML declaration: '?>' expected", 0),
        ("<?xml version='1.0 '?><a/>", 1, "Unsupported version '1.0 '", 0),
        ("<?xml encoding='utf-8'?><a/>", 1, "Malformed declaration expecting version", 0),
        ("<?xml version='1.0' encoding='latin1'?><a>é</a>", 1, "Unsupported encoding latin1", 0),
        ("<!DOCTYPE a><a/>", 1, "Document type definitions are not accepted", 0),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            1,
            "Document type definitions are not accepted",
            0,
        ),
        ("<a>\n<!doctype a></a>", 2, "Document type definitions are not accepted", 0),
        ("<a>\u{1}</a>", 1, "Char 0x1 out of allowed range", 3),
        ("<a>\0</a>", 1, "Char 0x0 out of allowed range", 3),
        ("<a b='\u{ffff}'/>", 1, "Char 0xFFFF out of allowed range", 6),
    ]);
}

#[test]
fn declared_encodings_that_change_nothing_are_accepted() {
    parsed("<?xml version='1.0' encoding='utf-8'?><a>é</a>");
    parsed("<?xml version='1.1' encoding='ISO-8859-1' standalone='yes'?><a/>");
}

#[test]
fn limits_are_enforced() {
    let nested = |depth: usize| format!("{}{}", "<d>".repeat(depth), "</d>".repeat(depth));
    parsed(&nested(MAX_DEPTH + 1));
    assert!(refused(&nested(MAX_DEPTH + 2)).contains("Excessive depth in document: 256\n"));

    let siblings = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count));
    assert_eq!(parsed(&siblings(MAX_NODES - 1)).nodes.len(), MAX_NODES - 1);
    assert!(refused(&siblings(MAX_NODES)).contains(markup::TOO_MANY));
    let attributes = |count: usize| {
        let list: String = (0..count).map(|i| format!(" x{i:x}=''")).collect();
        format!("<a{list}/>")
    };
    assert_eq!(parsed(&attributes(MAX_NODES - 1)).attributes.len(), MAX_NODES - 1);
    assert!(refused(&attributes(MAX_NODES)).contains(markup::TOO_MANY));

    let sized = |len: usize| format!("<a>{}</a>", "x".repeat(len - "<a></a>".len()));
    assert_eq!(parsed(&sized(MAX_TEXT)).text().len(), MAX_TEXT - 7);
    assert_eq!(refused(&sized(MAX_TEXT + 1)), "(w):1: document is longer than 4194304 bytes");
    parse_stored(&sized(MAX_TEXT + 1), "w", VIR_FROM_STORAGE).unwrap();
}

#[test]
fn no_depth_exhausts_a_small_stack() {
    let work = || {
        let depth = 10_000;
        let text = format!("{}x{}", "<d><e/>".repeat(depth), "</d>".repeat(depth));
        let root = parse_nested(&text, "w", VIR_FROM_STORAGE, depth).unwrap();
        let copy = root.clone();
        assert!(copy == root);
        assert_eq!(root.text(), "x");
        assert!(root.to_xml().len() > text.len());
        drop(root);
        // Half a tree is dropped as well.
        assert!(parse_nested(&text[..text.len() - 2], "w", VIR_FROM_STORAGE, depth).is_err());
    };
    std::thread::Builder::new().stack_size(64 << 10).spawn(work).unwrap().join().unwrap();
}

/// Anything quadratic would take minutes.
#[test]
fn work_is_linear_in_the_length_of_the_text() {
    use nix::time::{ClockId, clock_gettime};
    // Of this thread's work: the machine may have other things to do.
    let worked = || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().tv_sec();
    let begin = worked();
    let long = "x".repeat(MAX_TEXT / 2 - 8);
    for text in [
        format!("<a>{}</a>", "<b c='d'>e</b>".repeat(80_000)),
        format!("<a>{}</a>", "&amp;".repeat(800_000)),
        format!("<a b='{}'/>", "&#9;".repeat(1_000_000)),
        format!("<a>{}</a>", "\r\n".repeat(2_000_000)),
        format!("<a>{}</a>", "]]".repeat(2_000_000)),
        format!("<a>{}</a>", "x<!--y-->".repeat(120_000)),
        format!("<{long}></{long}>"),
        format!("<a><![CDATA[{}]]></a>", "]]&".repeat(1_000_000)),
        format!("<a><!--{}--></a>", "- ".repeat(2_000_000)),
    ] {
        let root = parsed(&text);
        let written = root.to_xml();
        assert_eq!(parse_stored(&written, "w", VIR_FROM_STORAGE).unwrap(), root);
    }
    for text in [
        format!("<a>{}", "<".repeat(4_000_000)),
        format!("<a>{}", "&".repeat(4_000_000)),
        format!("<a>{}", "\n".repeat(4_000_000)),
        format!("<a {}", "b='' ".repeat(800_000)),
        format!("<a b='{}", "<".repeat(4_000_000)),
        format!("<a>&{}", "b".repeat(4_000_000)),
        format!("<a>&#{}", "0".repeat(4_000_000)),
        format!("<a><!--{}", "->".repeat(2_000_000)),
        format!("<!DOCTYPE a [{}", "<!ENTITY ".repeat(400_000)),
    ] {
        refused(&text);
    }
    assert!(worked() - begin < 60, "{} s", worked() - begin);
}

#[test]
fn deep_siblings_do_not_multiply_the_text_by_their_indentation() {
    let (depth, count) = (MAX_DEPTH - 1, 100_000);
    let text = [&"<d>".repeat(depth), &"<e/>".repeat(count), &*"</d>".repeat(depth)].concat();
    assert!(parsed(&text).to_xml().len() < 12 * text.len());
}

#[test]
fn what_xml_cannot_express_is_replaced_on_output() {
    let root = Element::new("a").with_attr("b", "\u{1}\n").with_text("\0x\u{fffe}");
    assert_eq!(root.to_xml(), "<a b='\u{fffd}&#10;'>\u{fffd}x\u{fffd}</a>\n");
    let mut root = Element::new("a");
    root.nodes.push(Node::CData("b]]>c".to_string()));
    assert_eq!(root.to_xml(), "<a><![CDATA[b]]]]><![CDATA[>c]]></a>\n");
    assert_eq!(parsed(&root.to_xml()).text(), "b]]>c");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn name() -> impl Strategy<Value = String> {
        "[a-zA-Z_é][a-z0-9._é-]{0,5}(:[a-z]{1,3})?"
    }

    /// Any text that XML can express, and the parts of markup more often than chance has them.
    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{1,4}",
            Just("]]>".to_string()),
            Just("&amp;".to_string()),
            Just("\r\n".to_string()),
            Just(" \t ".to_string()),
        ];
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
    }

    /// What cannot be escaped: without its own end, and without the carriage returns that a
    /// reader turns into newlines.
    fn raw(ends: &'static [&'static str]) -> impl Strategy<Value = String> {
        text().prop_map(move |text| {
            ends.iter().fold(text.replace('\r', ""), |text, end| text.replace(end, ""))
        })
    }

    fn leaf() -> impl Strategy<Value = Node> {
        prop_oneof![
            raw(&["-"]).prop_map(Node::Comment),
            (name(), raw(&["?"])).prop_filter_map("reserved", |(target, text)| {
                let target = target.replace(':', "");
                (!target.eq_ignore_ascii_case("xml"))
                    .then(|| Node::Instruction(format!("{target} {text}")))
            }),
        ]
    }

    fn element_of(nodes: impl Strategy<Value = Vec<Node>>) -> impl Strategy<Value = Node> {
        let attributes = prop::collection::btree_map(name(), text(), 0..4);
        (name(), attributes, nodes).prop_map(|(name, attributes, nodes)| {
            let mut element = Element::new(name);
            element.attributes =
                attributes.into_iter().map(|(name, value)| Attribute { name, value }).collect();
            element.nodes = nodes;
            Node::Element(element)
        })
    }

    /// Texts that follow each other are one text to a reader.
    fn joined(nodes: Vec<Node>) -> Vec<Node> {
        let mut joined: Vec<Node> = Vec::new();
        for node in nodes {
            match (joined.last_mut(), node) {
                (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
                (_, node) => joined.push(node),
            }
        }
        joined
    }

    fn tree() -> impl Strategy<Value = Element> {
        let start = element_of(prop::collection::vec(text().prop_map(Node::Text), 0..2));
        start
            .prop_recursive(5, 60, 5, |inner| {
                let structure = prop_oneof![3 => inner.clone(), 1 => leaf()];
                let words = prop_oneof![
                    inner,
                    leaf(),
                    text().prop_map(Node::Text),
                    raw(&["]"]).prop_map(Node::CData),
                ];
                prop_oneof![
                    2 => element_of(prop::collection::vec(structure, 0..5)),
                    1 => element_of(prop::collection::vec(words, 1..5).prop_map(|mut nodes| {
                        nodes.push(Node::Text("word".to_string()));
                        joined(nodes)
                    })),
                ]
            })
            .prop_map(|node| match node {
                Node::Element(element) => element,
                _ => Element::new("a"),
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_what_is_read(tree in tree()) {
            let text = tree.to_xml();
            let again = parse(&text, "w", VIR_FROM_STORAGE);
            prop_assert_eq!(again.as_ref(), Ok(&tree), "{}", text);
            prop_assert_eq!(tree.clone().to_xml(), text);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = parse(&text, "w", VIR_FROM_STORAGE);
        }

        #[test]
        fn no_markup_panics(parts in prop::collection::vec(prop_oneof![
            Just("<"), Just(">"), Just("</"), Just("/>"), Just("<!--"), Just("-->"), Just("<?"),
            Just("?>"), Just("<![CDATA["), Just("]]>"), Just("<!DOCTYPE"), Just("&"), Just(";"),
            Just("&#"), Just("x"), Just("'"), Just("\""), Just("="), Just(" "), Just("\n"),
            Just("\r"), Just("é"), Just("a"), Just("<a>"), Just("</a>"), Just("xml"),
        ], 0..30)) {
            accepted_or_located(&parts.concat());
        }

        #[test]
        fn no_damage_to_a_document_panics(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = DOMAIN.as_bytes().to_vec();
            for (place, byte) in damage {
                bytes[place.index(DOMAIN.len())] = byte;
            }
            accepted_or_located(&String::from_utf8_lossy(&bytes));
            accepted_or_located(&String::from_utf8_lossy(&bytes[..cut.index(bytes.len())]));
        }
    }

    /// A document either survives being written and read again, or the message names a line
    /// that exists.
    fn accepted_or_located(text: &str) {
        match parse(text, "w", VIR_FROM_STORAGE) {
            Ok(tree) => {
                assert_eq!(parse(&tree.to_xml(), "w", VIR_FROM_STORAGE).as_ref(), Ok(&tree));
            }
            Err(error) => {
                let line = error.message.strip_prefix("(w):").and_then(|m| m.split_once(": "));
                let line: usize = line.unwrap().0.parse().unwrap();
                assert!((1..=1 + text.matches('\n').count()).contains(&line), "{error}");
                assert!(error.message.len() < 2000);
            }
        }
    }
}
