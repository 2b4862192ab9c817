//! What the environment asks the log for, in libvirt's words.

use log::{Level, LevelFilter};

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputKind {
    Stderr,
    File(String),
}

/// An output, and the messages that go there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub level: LevelFilter,
    pub kind: OutputKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Filter {
    level: LevelFilter,
    /// Part of a source's name.
    part: String,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For what no filter names.
    level: LevelFilter,
    filters: Vec<Filter>,
    pub outputs: Vec<Destination>,
    /// What could not be understood, to be told in the log itself.
    pub complaints: Vec<String>,
    is_on: bool,
}

impl Settings {
    /// Reads the variables; `get` gives the value of one that is set.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Settings {
        let value = |name| get(name).filter(|value| !value.trim().is_empty());
        let (debug, filters, outputs) =
            (value("LIBVIRT_DEBUG"), value("LIBVIRT_LOG_FILTERS"), value("LIBVIRT_LOG_OUTPUTS"));
        let mut settings = Settings {
            level: LevelFilter::Warn,
            filters: Vec::new(),
            outputs: Vec::new(),
            complaints: Vec::new(),
            is_on: debug.is_some() || filters.is_some() || outputs.is_some(),
        };
        if let Some(debug) = debug {
            match level(debug.trim()) {
                Some(level) => settings.level = level,
                None => settings.complain("LIBVIRT_DEBUG", &debug, "is no level (1 to 4)"),
            }
        }
        for filter in filters.iter().flat_map(|filters| filters.split_whitespace()) {
            settings.add_filter(filter);
        }
        for output in outputs.iter().flat_map(|outputs| outputs.split_whitespace()) {
            settings.add_output(output);
        }
        if settings.outputs.is_empty() {
            // The filters decide: it gets what they let through.
            let all = Destination { level: LevelFilter::Trace, kind: OutputKind::Stderr };
            settings.outputs.push(all);
        }
        settings
    }

    /// Something was asked for.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// The most that is wanted of any source.
    pub fn most(&self) -> LevelFilter {
        let filters = self.filters.iter().map(|filter| filter.level);
        let asked = filters.fold(self.level, Ord::max);
        let written = self.outputs.iter().map(|output| output.level).max();
        asked.min(written.unwrap_or(LevelFilter::Off))
    }

    /// What is wanted of `source`: the first filter that fits decides.
    pub fn level_for(&self, source: &str) -> LevelFilter {
        let fitting = self.filters.iter().find(|filter| source.contains(&filter.part));
        fitting.map_or(self.level, |filter| filter.level)
    }

    /// "3:storage"; a '+' before the name asks libvirt for a stack trace, which there is none of here.
    fn add_filter(&mut self, text: &str) {
        let parsed = text.split_once(':').and_then(|(number, part)| {
            let part = part.strip_prefix('+').unwrap_or(part).trim_matches('*');
            level(number).map(|level| Filter { level, part: part.to_string() })
        });
        match parsed {
            Some(filter) => self.filters.push(filter),
            None => self.complain("LIBVIRT_LOG_FILTERS", text, "is no LEVEL:SOURCE"),
        }
    }

    /// "1:file:/tmp/log" and "3:stderr".
    fn add_output(&mut self, text: &str) {
        let mut parts = text.splitn(3, ':');
        let level = parts.next().and_then(level);
        let kind = match (parts.next(), parts.next()) {
            (Some("stderr"), None) => Some(OutputKind::Stderr),
            (Some("file"), Some(path)) if path.starts_with('/') => {
                Some(OutputKind::File(path.into()))
            }
            _ => None,
        };
        match (level, kind) {
            (Some(level), Some(kind)) => self.outputs.push(Destination { level, kind }),
            _ => {
                let rule = "is neither LEVEL:stderr nor LEVEL:file:PATH with an absolute path";
                self.complain("LIBVIRT_LOG_OUTPUTS", text, rule);
            }
        }
    }

    fn complain(&mut self, variable: &str, value: &str, why: &str) {
        self.complaints.push(format!("{variable}: '{value}' {why}, and is left out"));
    }
}

/// libvirt's levels, by number or by name.
fn level(text: &str) -> Option<LevelFilter> {
    match text {
        "1" | "debug" => Some(LevelFilter::Trace),
        "2" | "info" => Some(LevelFilter::Info),
        "3" | "warning" => Some(LevelFilter::Warn),
        "4" | "error" => Some(LevelFilter::Error),
        _ => None,
    }
}

/// The name of a level in a line.
pub fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "info",
        Level::Debug | Level::Trace => "debug",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(debug: &str, filters: &str, outputs: &str) -> Settings {
        Settings::read(|name| {
            let value = match name {
                "LIBVIRT_DEBUG" => debug,
                "LIBVIRT_LOG_FILTERS" => filters,
                _ => outputs,
            };
            Some(value.to_string())
        })
    }

    #[test]
    fn without_a_variable_the_log_is_off() {
        assert!(!Settings::read(|_| None).is_on());
        assert!(!read("", " ", "").is_on());
    }

    #[test]
    fn a_level_alone_writes_to_stderr() {
        let settings = read("1", "", "");
        assert!(settings.is_on());
        assert_eq!(settings.outputs.len(), 1);
        assert_eq!(settings.outputs[0].kind, OutputKind::Stderr);
        assert_eq!(settings.most(), LevelFilter::Trace);
        assert_eq!(read("error", "", "").most(), LevelFilter::Error);
    }

    #[test]
    fn the_first_filter_that_fits_decides() {
        let settings = read("4", "1:storage.pool 3:storage", "");
        assert_eq!(settings.level_for("storage.pool"), LevelFilter::Trace);
        assert_eq!(settings.level_for("storage.volume"), LevelFilter::Warn);
        assert_eq!(settings.level_for("domain.job"), LevelFilter::Error);
        assert_eq!(settings.most(), LevelFilter::Trace);
    }

    #[test]
    fn outputs_limit_what_is_wanted() {
        let settings = read("1", "", "3:stderr 2:file:/tmp/l:og");
        assert_eq!(settings.most(), LevelFilter::Info);
        assert_eq!(settings.outputs[1].kind, OutputKind::File("/tmp/l:og".into()));
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let settings = read("9", "x:y storage", "1:syslog:me 1:file:relative");
        assert_eq!(settings.complaints.len(), 5);
        assert!(settings.complaints[0].contains("'9' is no level"));
        assert_eq!(settings.outputs[0].kind, OutputKind::Stderr);
    }
}
