//! Reads `symbols.map`. One parser for everybody who asks what the library exports: the build
//! script, the ABI test and the header and manual generator.

/// One exported symbol and the version node that it lives in.
pub struct Symbol {
    pub name: String,
    pub node: String,
}

impl Symbol {
    /// Nodes of superseded interfaces hold other functions under the names of released ones. They
    /// are reached only by asking for the node: `name@node` instead of `name@@node`.
    pub fn is_superseded(&self) -> bool {
        self.node.starts_with("VIRSPARSE_RFC_")
    }

    /// Only the library's own program calls it: it is in no header.
    // The build script and the test of the ABI treat it as any other.
    #[allow(dead_code)]
    pub fn is_private(&self) -> bool {
        self.node == "VIRSPARSE_PRIVATE"
    }
}

/// Every symbol of the map, in its order.
pub fn parse(map: &str) -> Vec<Symbol> {
    let mut node = String::new();
    let mut symbols = Vec::new();
    for line in map.lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        if let Some(name) = line.strip_suffix('{') {
            node = name.trim().to_string();
        } else if let Some(name) = line.strip_suffix(';')
            && name.starts_with("vir")
        {
            symbols.push(Symbol { name: name.to_string(), node: node.clone() });
        }
    }
    symbols
}
