//! The snapshots of a domain: each has at most one parent, the one that was current before it.

use std::collections::{BTreeMap, BTreeSet};

use super::description::{DISK_SNAPSHOT, Description, SHUTOFF};
use crate::enums::domain_snapshot::virDomainSnapshotListFlags;
use crate::enums::flags;
use crate::error::*;
use crate::state::Damage;
use crate::xml::excerpt;

flags! {
    /// Which snapshots are listed: bits of one group are alternatives, and a group without bits
    /// does not filter.
    pub struct ListFlags: u32 = virDomainSnapshotListFlags {
        /// Of a domain, those without a parent; of a snapshot, not only its children but theirs too.
        const ROOTS = VIR_DOMAIN_SNAPSHOT_LIST_ROOTS;
        const METADATA = VIR_DOMAIN_SNAPSHOT_LIST_METADATA;
        const LEAVES = VIR_DOMAIN_SNAPSHOT_LIST_LEAVES;
        const NO_LEAVES = VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES;
        const NO_METADATA = VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA;
        const INACTIVE = VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE;
        const ACTIVE = VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE;
        const DISK_ONLY = VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY;
        const INTERNAL = VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL;
        const EXTERNAL = VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL;
        /// Parents come before their children, which they always do.
        const TOPOLOGICAL = VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL;
    }
}

/// A snapshot in the tree.
pub struct Moment {
    pub name: String,
    pub parent: Option<String>,
    known: Result<Description, Damage>,
}

impl Moment {
    /// What is known of it.
    pub fn description(&self) -> Result<&Description> {
        self.known.as_ref().map_err(|damage| damage.error.clone())
    }
}

/// Snapshots by their names, as their files have them.
pub type Snapshots = BTreeMap<String, Result<Description, Damage>>;

/// See the module's text.
pub struct Tree {
    snapshots: BTreeMap<String, Moment>,
    /// Or why that is not known.
    current: Result<Option<String>, Damage>,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree { snapshots: BTreeMap::new(), current: Ok(None) }
    }
}

impl Tree {
    /// What was read of a domain's snapshots. A parent that is not there, or that would make a
    /// circle, is none; so is that of one whose file cannot be used. The first of `current` that is
    /// there is the current one.
    pub fn new(snapshots: Snapshots, current: Result<Vec<String>, Damage>) -> Tree {
        let snapshots = snapshots.into_iter().map(|(name, known)| {
            let parent = known.as_ref().ok().and_then(|snapshot| snapshot.parent.clone());
            (name.clone(), Moment { name, parent, known })
        });
        let mut tree = Tree { snapshots: snapshots.collect(), current: Ok(None) };
        let orphans: Vec<String> =
            tree.snapshots.keys().filter(|name| !tree.leads_to_a_root(name)).cloned().collect();
        for name in orphans {
            if let Some(snapshot) = tree.snapshots.get_mut(&name) {
                snapshot.parent = None;
            }
        }
        tree.current =
            current.map(|names| names.into_iter().find(|name| tree.snapshots.contains_key(name)));
        tree
    }

    fn leads_to_a_root(&self, name: &str) -> bool {
        let parent = |name: &str| self.snapshots.get(name).map(|found| found.parent.as_deref());
        let mut seen = BTreeSet::new();
        let mut at = name;
        while seen.insert(at) {
            match parent(at) {
                Some(Some(above)) if self.snapshots.contains_key(above) => at = above,
                // A parent that is missing is its child's affair, not that of those below.
                Some(Some(_)) => return at != name,
                _ => return true,
            }
        }
        // Whoever leads into a circle without being in it keeps its parent.
        at != name
    }

    pub fn len(&self) -> usize {
        self.snapshots.len()
    }

    /// The current snapshot, if there is one.
    pub fn current_if_any(&self) -> Result<Option<&str>> {
        match &self.current {
            Ok(current) => Ok(current.as_deref()),
            Err(damage) => Err(damage.error.clone()),
        }
    }

    /// The current snapshot.
    pub fn current(&self) -> Result<&str> {
        self.current_if_any()?.ok_or_else(|| missing("the domain does not have a current snapshot"))
    }

    /// The snapshot of that name.
    pub fn find(&self, name: &str) -> Result<&Moment> {
        self.snapshots.get(name).ok_or_else(|| no_snapshot(name))
    }

    /// The parent of a snapshot.
    pub fn parent(&self, name: &str) -> Result<&str> {
        self.find(name)?
            .parent
            .as_deref()
            .ok_or_else(|| missing(&format!("snapshot '{}' does not have a parent", excerpt(name))))
    }

    /// Those of which a snapshot is the parent, or that have none.
    pub fn children<'a>(&'a self, of: Option<&'a str>) -> impl Iterator<Item = &'a Moment> {
        self.snapshots.values().filter(move |snapshot| snapshot.parent.as_deref() == of)
    }

    /// All below a snapshot, or all: parents before their children.
    pub fn descendants(&self, of: Option<&str>) -> Vec<&Moment> {
        let mut below: BTreeMap<Option<&str>, Vec<&Moment>> = BTreeMap::new();
        for snapshot in self.snapshots.values() {
            below.entry(snapshot.parent.as_deref()).or_default().push(snapshot);
        }
        let mut found: Vec<&Moment> = Vec::new();
        let mut next = below.remove(&of).unwrap_or_default();
        next.reverse();
        while let Some(snapshot) = next.pop() {
            found.push(snapshot);
            let children = below.remove(&Some(snapshot.name.as_str())).unwrap_or_default();
            next.extend(children.into_iter().rev());
        }
        found
    }

    /// The names of those of a domain, or below a snapshot, that pass a filter.
    pub fn list(&self, of: Option<&str>, filter: &ListFlags) -> Vec<String> {
        // The bit says the opposite of the two.
        let deep = filter.contains(ListFlags::ROOTS) == of.is_some();
        let found: Vec<&Moment> =
            if deep { self.descendants(of) } else { self.children(of).collect() };
        let passing = found.into_iter().filter(|snapshot| self.passes(snapshot, filter));
        passing.map(|snapshot| snapshot.name.clone()).collect()
    }

    fn passes(&self, snapshot: &Moment, filter: &ListFlags) -> bool {
        let leaf = self.children(Some(&snapshot.name)).next().is_none();
        let pick = |yes, first, second| if yes { first } else { second };
        // Of one whose file cannot be used neither is known.
        let (state, place) = match &snapshot.known {
            Ok(known) => (
                match known.state.as_str() {
                    DISK_SNAPSHOT => ListFlags::DISK_ONLY,
                    SHUTOFF => ListFlags::INACTIVE,
                    _ => ListFlags::ACTIVE,
                },
                pick(known.is_external(), ListFlags::EXTERNAL, ListFlags::INTERNAL),
            ),
            Err(_) => (ListFlags::empty(), ListFlags::empty()),
        };
        [
            (ListFlags::METADATA, ListFlags::METADATA | ListFlags::NO_METADATA),
            (
                pick(leaf, ListFlags::LEAVES, ListFlags::NO_LEAVES),
                ListFlags::LEAVES | ListFlags::NO_LEAVES,
            ),
            (state, ListFlags::DISK_ONLY | ListFlags::INACTIVE | ListFlags::ACTIVE),
            (place, ListFlags::EXTERNAL | ListFlags::INTERNAL),
        ]
        .into_iter()
        .all(|(is, group)| {
            let wanted = filter.bits() & group.bits();
            wanted == 0 || wanted & is.bits() != 0
        })
    }

    /// Refuses a name that is taken.
    pub fn check_new(&self, name: &str) -> Result<()> {
        if self.snapshots.contains_key(name) {
            let text = format!("domain moment {} already exists", excerpt(name));
            return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
        }
        Ok(())
    }

    /// Refuses a description of a snapshot that cannot take its place.
    pub fn check_redefined(&self, new: &Description) -> Result<()> {
        let refused = |domain, text| Err(Error::new(VIR_ERR_INVALID_ARG, domain, text));
        let name = &new.name;
        if let Some(parent) = &new.parent {
            if parent == name {
                return refused(
                    VIR_FROM_DOMAIN,
                    format!("cannot set moment {name} as its own parent"),
                );
            }
            if !self.snapshots.contains_key(parent) {
                let text = format!("parent {} for moment {name} not found", excerpt(parent));
                return refused(VIR_FROM_DOMAIN, text);
            }
            if self.descendants(Some(name)).iter().any(|below| below.name == *parent) {
                let text = format!("parent {parent} would create cycle to {name}");
                return refused(VIR_FROM_DOMAIN, text);
            }
        }
        // A file that cannot be used may become any snapshot.
        let Some(Moment { known: Ok(old), .. }) = self.snapshots.get(name) else { return Ok(()) };
        let domain = VIR_FROM_DOMAIN_SNAPSHOT;
        if old.is_online() != new.is_online() {
            let text = format!(
                "cannot change between online and offline snapshot state in snapshot {name}"
            );
            return refused(domain, text);
        }
        if (old.state == DISK_SNAPSHOT) != (new.state == DISK_SNAPSHOT) {
            let text =
                format!("cannot change between disk only and full system in snapshot {name}");
            return refused(domain, text);
        }
        Ok(())
    }
}

fn missing(text: &str) -> Error {
    Error::new(VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_FROM_DOMAIN, text)
}

/// The error that there is no snapshot of that name.
pub fn no_snapshot(name: &str) -> Error {
    missing(&format!("no domain snapshot with matching name '{}'", excerpt(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(name: &str, parent: Option<&str>) -> Description {
        let text = format!("<domainsnapshot><name>{name}</name></domainsnapshot>");
        Description {
            parent: parent.map(str::to_string),
            ..Description::parse(&text, false).unwrap()
        }
    }

    fn tree(snapshots: Vec<Description>, current: Vec<String>) -> Tree {
        let snapshots = snapshots.into_iter().map(|one| (one.name.clone(), Ok(one)));
        Tree::new(snapshots.collect(), Ok(current))
    }

    fn names(tree: &Tree, of: Option<&str>, filter: ListFlags) -> String {
        tree.list(of, &filter).join(" ")
    }

    #[test]
    fn parents_come_before_their_children_and_filters_filter() {
        let tree = tree(
            vec![
                snapshot("a", Some("z")),
                snapshot("b", Some("a")),
                snapshot("c", Some("z")),
                snapshot("z", None),
                snapshot("y", None),
            ],
            vec!["c".to_string()],
        );
        assert_eq!(names(&tree, None, ListFlags::empty()), "y z a b c");
        assert_eq!(names(&tree, None, ListFlags::ROOTS), "y z");
        assert_eq!(names(&tree, None, ListFlags::LEAVES), "y b c");
        assert_eq!(names(&tree, None, ListFlags::NO_LEAVES), "z a");
        assert_eq!(names(&tree, Some("z"), ListFlags::empty()), "a c");
        assert_eq!(names(&tree, Some("z"), ListFlags::ROOTS), "a b c");
        assert_eq!(names(&tree, None, ListFlags::INACTIVE), "y z a b c");
        assert_eq!(names(&tree, None, ListFlags::EXTERNAL | ListFlags::METADATA), "");
        assert_eq!(tree.current(), Ok("c"));
        assert_eq!(tree.parent("b"), Ok("a"));
        assert_eq!(tree.parent("z").unwrap_err().code, VIR_ERR_NO_DOMAIN_SNAPSHOT);
    }

    #[test]
    fn what_is_no_tree_becomes_one() {
        let tree = tree(
            vec![
                snapshot("a", Some("b")),
                snapshot("b", Some("a")),
                snapshot("c", Some("b")),
                snapshot("d", Some("gone")),
                snapshot("e", Some("e")),
            ],
            vec!["gone".to_string()],
        );
        assert_eq!(tree.list(None, &ListFlags::empty()).len(), 5);
        assert_eq!(tree.parent("c"), Ok("b"));
        assert!(tree.current().is_err());
    }

    #[test]
    fn a_redefinition_keeps_the_tree_one() {
        let tree = tree(vec![snapshot("a", None), snapshot("b", Some("a"))], Vec::new());
        let message = |new: &Description| tree.check_redefined(new).unwrap_err().message;
        assert_eq!(
            message(&snapshot("a", Some("b"))),
            "invalid argument: parent b would create cycle to a"
        );
        assert_eq!(
            message(&snapshot("a", Some("a"))),
            "invalid argument: cannot set moment a as its own parent"
        );
        assert_eq!(
            message(&snapshot("n", Some("x"))),
            "invalid argument: parent x for moment n not found"
        );
        let disks = Description { state: DISK_SNAPSHOT.to_string(), ..snapshot("a", None) };
        assert!(message(&disks).contains("between disk only and full system"));
        assert_eq!(tree.check_redefined(&snapshot("b", None)), Ok(()));
    }
}
