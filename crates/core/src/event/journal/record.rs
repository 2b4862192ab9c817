//! A line of the journal: an object in JSON. The first line of a file says which file it is; each of the
//! others is an event.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::event::broker::Event;
use crate::event::ids;

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

    /// What a line says, without its end. An error says why it is no record, or none of this version, or of an
    /// event that callbacks cannot be called with.
    pub fn parse(line: &[u8]) -> Result<Record, String> {
        let what = serde_json::from_slice::<Line>(line).map_err(|e| e.to_string())?;
        match (what.file, what.event) {
            (Some(number), None) => Ok(Record::File(number)),
            (None, Some(event)) => ids::check(&event).map(|()| Record::Event(event)),
            _ => Err("it is neither the beginning of a file nor an event".to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::uuid;

    use super::*;
    use crate::event::broker::{ObjectKind, Payload, Setting};

    fn event(id: i32, payload: Payload) -> Event {
        let uuid = uuid!("7f307396-f344-4837-9dc5-110ce400d1b9");
        let name = "a \"name\"\n\u{7f} of \u{1f4be}".to_string();
        Event { kind: ObjectKind::Domain, id, name, uuid, payload }
    }

    /// An event with each id that domains have, with its number in libvirt.
    fn events() -> Vec<Event> {
        let text = || "a\nb\u{1}\"\\\u{e9}".to_string();
        let io_error = Payload::IoError { path: text(), alias: text(), action: 3, reason: text() };
        let job = Payload::BlockJob { disk: text(), job: 2, status: 0 };
        let device = Payload::Device { alias: text() };
        let parameters =
            vec![(text(), Setting::Number(u64::MAX)), ("g".to_string(), Setting::Text(text()))];
        let (threshold, excess) = (u64::MAX, u64::MAX - 1);
        [
            (0, Payload::Lifecycle { event: 5, detail: -1 }),
            (4, io_error.clone()),
            (6, io_error),
            (8, job.clone()),
            (16, job),
            (15, device.clone()),
            (19, device.clone()),
            (22, device),
            (23, Payload::Metadata { kind: 2, uri: Some(text()) }),
            (23, Payload::Metadata { kind: 0, uri: None }),
            (24, Payload::Threshold { device: text(), path: None, threshold, excess }),
            (24, Payload::Threshold { device: text(), path: Some(text()), threshold, excess }),
            (17, Payload::Tunable { parameters }),
        ]
        .map(|(id, payload)| event(id, payload))
        .to_vec()
    }

    fn of_pool(id: i32, payload: Payload) -> Event {
        Event { kind: ObjectKind::Pool, ..event(id, payload) }
    }

    fn parsed(event: &Event) -> Result<Record, String> {
        let line = Record::Event(event.clone()).to_line().unwrap();
        Record::parse(line.strip_suffix(b"\n").unwrap())
    }

    #[test]
    fn each_record_is_one_line_and_comes_back() {
        let pools =
            [of_pool(0, Payload::Lifecycle { event: 3, detail: 0 }), of_pool(1, Payload::Refresh)];
        let records = events().into_iter().chain(pools).map(Record::Event);
        for record in records.chain([Record::File(u64::MAX)]) {
            let line = record.to_line().unwrap();
            let (end, text) = line.split_last().unwrap();
            assert!(*end == b'\n' && !text.contains(&b'\n'), "{}", String::from_utf8_lossy(&line));
            assert_eq!(Record::parse(text), Ok(record));
        }
    }

    /// A callback for one id would be called with what another one says.
    #[test]
    fn an_event_with_what_another_id_says_is_no_record() {
        let own: Vec<_> =
            events().iter().map(|e| (e.id, std::mem::discriminant(&e.payload))).collect();
        let (mut taken, mut refused) = (0, 0);
        for id in -1..40 {
            for payload in events().into_iter().map(|e| e.payload).chain([Payload::Refresh]) {
                let fits = own.contains(&(id, std::mem::discriminant(&payload)));
                match parsed(&event(id, payload.clone())) {
                    Ok(_) => taken += 1,
                    Err(cause) => {
                        assert!(cause.contains(&format!("event {id} of a Domain")), "{cause}");
                        refused += 1;
                    }
                }
                assert_eq!(parsed(&event(id, payload.clone())).is_ok(), fits, "{id} {payload:?}");
                let is_lifecycle = matches!(payload, Payload::Lifecycle { .. });
                let fits = (id == 0 && is_lifecycle) || (id == 1 && payload == Payload::Refresh);
                assert_eq!(parsed(&of_pool(id, payload.clone())).is_ok(), fits, "{id} {payload:?}");
                for kind in [ObjectKind::Network, ObjectKind::Device, ObjectKind::Secret] {
                    let other = Event { kind, ..event(id, payload.clone()) };
                    assert!(parsed(&other).is_err(), "{other:?}");
                }
            }
        }
        assert!(taken > 12 && refused > 12 * 30, "{taken} {refused}");
    }

    /// A string of C would end there.
    #[test]
    fn an_event_with_a_nul_in_a_text_is_no_record() {
        let mut texts = 0;
        for event in events() {
            let line = String::from_utf8(Record::Event(event).to_line().unwrap()).unwrap();
            for (at, mark) in line.match_indices("\\u0001") {
                let with_nul = format!("{}\\u0000{}", &line[..at], &line[at + mark.len()..]);
                let cause = Record::parse(with_nul.trim().as_bytes()).unwrap_err();
                assert!(cause.contains("NUL"), "{with_nul}: {cause}");
                texts += 1;
            }
            let with_nul = line.replace("of \u{1f4be}", "of \\u0000");
            assert!(Record::parse(with_nul.trim().as_bytes()).unwrap_err().contains("NUL"));
        }
        // 3 of an I/O error, twice; of jobs 2, devices 3, metadata 1, thresholds 1 and 2, limits 2.
        assert_eq!(texts, 6 + 2 + 3 + 1 + 3 + 2);
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
        let line = Record::Event(of_pool(1, Payload::Refresh)).to_line().unwrap();
        for end in 0..line.len() - 1 {
            assert!(Record::parse(&line[..end]).is_err(), "{end}");
        }
        let text = String::from_utf8(line).unwrap();
        let refused = |text: &str| Record::parse(text.trim().as_bytes()).unwrap_err();
        assert!(refused(&text.replace("refresh", "new-one")).contains("new-one"));
        assert!(refused(&text.replace("\"pool\"", "\"cloud\"")).contains("cloud"));
        refused("{\"version\":1}");
        refused("\0\0\0");
    }
}
