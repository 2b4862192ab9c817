//! A line of the journal: an object in JSON. The first line of a file says which file it is; each of the
//! others is an event.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::event::broker::Event;

/// The version of the lines. One that only adds members, or kinds of events, keeps it.
const VERSION: u64 = 1;

/// A line as it is written.
#[derive(Serialize, Deserialize)]
struct Line {
    version: u64,
    /// How many files there were before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    /// The process that the event comes from. For people who read the file.
    #[serde(default)]
    origin: u32,
    /// When it happened, in microseconds since the epoch. For people as well.
    #[serde(default)]
    time: u64,
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub enum Record {
    /// The file begins; its number.
    File(u64),
    Event(Event),
}

impl Record {
    /// The line, with its end.
    pub fn to_line(&self) -> serde_json::Result<Vec<u8>> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (file, event) = match self {
            Record::File(number) => (Some(*number), None),
            Record::Event(event) => (None, Some(event.clone())),
        };
        let line = Line {
            version: VERSION,
            file,
            event,
            origin: std::process::id(),
            time: u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX),
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        Ok(text)
    }

    /// What a line says, without its end. An error says why it is no record, or none of this version.
    pub fn parse(line: &[u8]) -> Result<Record, String> {
        let what = serde_json::from_slice::<Line>(line).map_err(|e| e.to_string())?;
        match (what.file, what.event) {
            (Some(number), None) => Ok(Record::File(number)),
            (None, Some(event)) => Ok(Record::Event(event)),
            _ => Err("it is neither the beginning of a file nor an event".to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::uuid;

    use super::*;
    use crate::event::broker::{ObjectKind, Payload, Setting};

    fn event(payload: Payload) -> Event {
        let uuid = uuid!("7f307396-f344-4837-9dc5-110ce400d1b9");
        let name = "a \"name\"\n\u{7f} of \u{1f4be}".to_string();
        Event { kind: ObjectKind::Domain, id: 3, name, uuid, payload }
    }

    #[test]
    fn each_record_is_one_line_and_comes_back() {
        let text = || "a\nb\0\"\\\u{e9}".to_string();
        let payloads = [
            Payload::Lifecycle { event: 5, detail: -1 },
            Payload::Refresh,
            Payload::IoError { path: text(), alias: text(), action: 3, reason: text() },
            Payload::BlockJob { disk: text(), job: 2, status: 0 },
            Payload::Device { alias: text() },
            Payload::Metadata { kind: 2, uri: Some(text()) },
            Payload::Metadata { kind: 0, uri: None },
            Payload::Threshold {
                device: text(),
                path: None,
                threshold: u64::MAX,
                excess: u64::MAX - 1,
            },
            Payload::Tunable {
                parameters: vec![
                    (text(), Setting::Number(u64::MAX)),
                    ("g".to_string(), Setting::Text(text())),
                ],
            },
        ];
        let events = payloads.map(|payload| Record::Event(event(payload)));
        for record in events.into_iter().chain([Record::File(u64::MAX)]) {
            let line = record.to_line().unwrap();
            let (end, text) = line.split_last().unwrap();
            assert!(*end == b'\n' && !text.contains(&b'\n'), "{}", String::from_utf8_lossy(&line));
            assert_eq!(Record::parse(text), Ok(record));
        }
    }

    /// Other versions write and read them, too.
    #[test]
    fn lines_keep_their_form() {
        let text = br#"{"version":1,"event":{"kind":"pool","id":0,"name":"p","uuid":"7f307396-f344-4837-9dc5-110ce400d1b9","payload":{"lifecycle":{"event":2,"detail":0}}},"origin":1,"time":2,"more":[]}"#;
        let uuid = uuid!("7f307396-f344-4837-9dc5-110ce400d1b9");
        let payload = Payload::Lifecycle { event: 2, detail: 0 };
        let event = Event { kind: ObjectKind::Pool, id: 0, name: "p".to_string(), uuid, payload };
        assert_eq!(Record::parse(text), Ok(Record::Event(event)));
        assert_eq!(Record::parse(br#"{"version":1,"file":7}"#), Ok(Record::File(7)));
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_no_record() {
        let line = Record::Event(event(Payload::Refresh)).to_line().unwrap();
        for end in 0..line.len() - 1 {
            assert!(Record::parse(&line[..end]).is_err(), "{end}");
        }
        let text = String::from_utf8(line).unwrap();
        let refused = |text: &str| Record::parse(text.trim().as_bytes()).unwrap_err();
        assert!(refused(&text.replace("refresh", "new-one")).contains("new-one"));
        assert!(refused(&text.replace("\"domain\"", "\"cloud\"")).contains("cloud"));
        refused("{\"version\":1}");
        refused("\0\0\0");
    }
}
