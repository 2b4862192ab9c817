//! What a process writes down of a domain that runs in it, for others to read.

use std::sync::Arc;

use crate::domain::config::definition::{Definition, NAMESPACE};
use crate::domain::machine::Machine;
use crate::domain::machine::condition::{Condition, State};
use crate::error::*;
use crate::xml::{self, Element};

/// A running domain, as its process has described it.
pub struct Status {
    pub id: i32,
    pub condition: Condition,
    pub definition: Arc<Definition>,
    /// What is shown of it.
    pub live_xml: String,
}

impl Status {
    pub fn of(machine: &dyn Machine) -> Result<Status> {
        Ok(Status {
            id: machine.identity().id,
            condition: machine.condition()?,
            definition: machine.definition()?,
            live_xml: machine.live_xml()?,
        })
    }

    /// Whether the process is there for that domain alone.
    pub fn is_held(&self) -> bool {
        let parsed = xml::parse_stored(&self.live_xml, "domain_status", VIR_FROM_DOMAIN);
        // What a definition has of that name has its namespace from elsewhere, if it has any.
        parsed.is_ok_and(|root| {
            let own = |element: &&Element| element.is_in(NAMESPACE, "holder", &[]);
            let holder = root.elements().find(own);
            holder.is_some_and(|holder| holder.attr("kind") == Some("process"))
        })
    }

    pub fn to_xml(&self) -> String {
        // The description goes in as a text: it is given to callers as it is.
        Element::new("status")
            .with_attr("id", self.id)
            .with_attr("state", self.condition.state as i32)
            .with_attr("reason", self.condition.reason)
            .with_text(&self.live_xml)
            .to_xml()
    }

    pub fn parse(text: &str) -> Result<Status> {
        let root = xml::parse_stored(text, "domain_status", VIR_FROM_DOMAIN)?;
        let number = |name: &str| {
            let number = root.attr(name).and_then(|text| text.parse::<i32>().ok());
            number.ok_or_else(|| Error::internal(VIR_FROM_DOMAIN, format!("no {name} in status")))
        };
        let state = match number("state")? {
            3 => State::Paused,
            _ => State::Running,
        };
        let live_xml = root.text();
        Ok(Status {
            id: number("id")?,
            condition: Condition { state, reason: number("reason")? },
            definition: Arc::new(Definition::parse_stored(&live_xml)?),
            live_xml,
        })
    }
}
