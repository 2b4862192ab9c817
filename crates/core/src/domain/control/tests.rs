use std::collections::BTreeMap;

use super::methods::{ALL, DESCRIPTION};

/// The parts of a description by the words before them: of each method and type, the names that its
/// parentheses hold, with those of the result behind them.
fn described() -> BTreeMap<String, Vec<Vec<String>>> {
    let text: String = DESCRIPTION
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let mut all = BTreeMap::new();
    for word in ["method ", "type ", "error "] {
        for part in text.split(word).skip(1) {
            let name: String = part.chars().take_while(char::is_ascii_alphanumeric).collect();
            let (mut depth, mut lists, mut field) = (0, Vec::new(), String::new());
            for c in part[name.len()..].chars() {
                match c {
                    '(' => {
                        depth += 1;
                        if depth == 1 {
                            lists.push(Vec::new());
                            field.clear();
                        }
                    }
                    ')' => depth -= 1,
                    ':' if depth == 1 => {
                        let list: &mut Vec<String> = lists.last_mut().unwrap();
                        list.push(field.trim().to_string());
                    }
                    ',' if depth == 1 => field.clear(),
                    '-' | '>' | ' ' if depth == 0 => {}
                    _ if depth == 0 => break,
                    _ => field.push(c),
                }
            }
            all.insert(format!("{word}{name}"), lists);
        }
    }
    all
}

#[test]
fn the_description_has_all_methods_with_their_names() {
    let described = described();
    let methods = described.keys().filter(|name| name.starts_with("method ")).count();
    assert_eq!(methods, ALL.len());
    for (name, parameters, results) in ALL {
        let lists = &described[&format!("method {name}")];
        assert_eq!(lists[0], *parameters, "{name}");
        assert_eq!(lists[1], *results, "{name}");
    }
}
