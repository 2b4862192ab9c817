//! What a snapshot does to each disk of its domain: what the caller says, what the definition says,
//! and what follows from the disk.

use std::path::Path;

use virsparse_base::errno::Errno;

use super::description::{Mode, SnapshotDisk, unsupported};
use crate::block::{FileKind, Files, Format};
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::DiskDefinition;
use crate::domain::config::source::Source;
use crate::domain::images::Images;
use crate::error::*;
use crate::xml::excerpt;

/// The disks of a snapshot, in the order of the domain's: what `said` does not name as well. `default` is
/// what becomes of a disk of which nothing is said.
pub fn align(
    images: &Images,
    definition: &Definition,
    said: &[SnapshotDisk],
    snapshot: &str,
    default: Mode,
) -> Result<Vec<SnapshotDisk>> {
    let mut named: Vec<(&str, &SnapshotDisk)> = Vec::new();
    for disk in said {
        let found = definition.disk(&disk.name);
        let found =
            found.ok_or_else(|| unsupported(format!("no disk named '{}'", excerpt(&disk.name))))?;
        if named.iter().any(|(target, _)| *target == found.target) {
            return Err(unsupported(format!("disk '{}' specified twice", found.target)));
        }
        named.push((&found.target, disk));
    }
    let mut aligned = Vec::new();
    for disk in &definition.disks {
        let said = named.iter().find(|(target, _)| *target == disk.target).map(|(_, said)| *said);
        let mut plan = said.cloned().unwrap_or_else(|| SnapshotDisk::new("", None));
        plan.name = disk.target.clone();
        let mode =
            plan.mode.unwrap_or_else(|| default_mode(definition, disk, said.is_some(), default));
        plan.mode = Some(mode);
        if let Some(path) = plan.path().filter(|_| mode != Mode::External) {
            let text = format!(
                "file '{}' for disk '{}' requires use of external snapshot mode",
                path.display(),
                disk.target
            );
            return Err(unsupported(text));
        }
        if mode == Mode::External {
            complete(&**images.files(), &mut plan, &*images.located(disk)?, snapshot)?;
        }
        aligned.push(plan);
    }
    check_collisions(&aligned)?;
    Ok(aligned)
}

/// What becomes of a disk that the caller says nothing of, or only its name.
fn default_mode(
    definition: &Definition,
    disk: &DiskDefinition,
    named: bool,
    default: Mode,
) -> Mode {
    let element = definition.disk_element(&disk.target);
    let said = element.and_then(|element| element.attr("snapshot")).and_then(Mode::from_word);
    match (&disk.image, said) {
        // Nothing is in the drive.
        (None, _) if !named => Mode::No,
        (_, Some(mode)) => mode,
        (_, None) if disk.read_only => Mode::No,
        (_, None) => default,
    }
}

/// Fills in what the caller may leave out of a new image.
fn complete(
    files: &dyn Files,
    plan: &mut SnapshotDisk,
    disk: &DiskDefinition,
    snapshot: &str,
) -> Result<()> {
    let target = &disk.target;
    if plan.format.is_none() {
        plan.format = Some(Format::OVERLAY.name().to_string());
    }
    if plan.source.is_some() {
        return Ok(());
    }
    let below = match disk.image.as_ref().map(|image| &image.source) {
        Some(Source::File(path)) => path,
        Some(Source::Block(path)) => {
            return Err(refuse_name(target, path));
        }
        Some(Source::Remote(_) | Source::Volume(..) | Source::Other(_)) => {
            let text = format!(
                "cannot generate external snapshot name for disk '{target}' on a 'network' device"
            );
            return Err(unsupported(text));
        }
        None => {
            let text = format!(
                "cannot generate external snapshot name for disk '{target}' without source"
            );
            return Err(unsupported(text));
        }
    };
    if plan.kind != "file" {
        let kind = &plan.kind;
        let text = format!(
            "cannot generate external snapshot name for disk '{target}' on a '{kind}' device"
        );
        return Err(unsupported(text));
    }
    match files.look(below) {
        Ok(found) if found.kind != FileKind::File => return Err(refuse_name(target, below)),
        // What is missing is told when it is opened.
        Ok(_) | Err(Errno::ENOENT) => {}
        Err(errno) => {
            let text = format!("cannot look at '{}'", below.display());
            return Err(Error::system(VIR_FROM_STORAGE, errno, text));
        }
    }
    plan.name_after(below, snapshot);
    Ok(())
}

/// Beside a device nothing is made by itself.
fn refuse_name(target: &str, path: &Path) -> Error {
    unsupported(format!(
        "source for disk '{target}' is not a regular file; refusing to generate external snapshot \
         name: '{}'",
        path.display()
    ))
}

/// Two disks must not get one image.
fn check_collisions(disks: &[SnapshotDisk]) -> Result<()> {
    for (index, disk) in disks.iter().enumerate() {
        let Some(path) = disk.path() else { continue };
        if let Some(other) = disks[..index].iter().find(|other| other.path() == Some(path)) {
            return Err(unsupported(format!(
                "cannot use external snapshot file '{}' for disk '{}': collision with disk '{}'",
                path.display(),
                disk.name,
                other.name
            )));
        }
    }
    Ok(())
}

/// Refuses modes that are not made here.
pub fn check_modes(disks: &[SnapshotDisk], active: bool) -> Result<()> {
    let of = |mode| disks.iter().find(|disk| disk.mode == Some(mode));
    let refused = |text: String| Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
    if let Some(disk) = of(Mode::Internal) {
        if active {
            return refused(format!(
                "active domains require external disk snapshots; disk {} requested internal",
                disk.name
            ));
        }
        return refused(match of(Mode::External) {
            Some(_) => {
                "mixing internal and external targets for a snapshot is not yet supported".into()
            }
            None => {
                format!("internal snapshots are not made; disk {} requested internal", disk.name)
            }
        });
    }
    if of(Mode::External).is_none() {
        return refused("nothing selected for snapshot".to_string());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Storage;
    use std::sync::Arc;

    fn align(
        definition: &Definition,
        said: &[SnapshotDisk],
        snapshot: &str,
    ) -> Result<Vec<SnapshotDisk>> {
        let root = tempfile::tempdir().unwrap();
        let images = Images::new(Arc::new(Storage::embed(root.path()).unwrap()));
        super::align(&images, definition, said, snapshot, Mode::External)
    }

    fn definition() -> Definition {
        let disk =
            |target: &str, inside: &str| format!("<disk {inside}<target dev='{target}'/></disk>");
        let disks = [
            disk("vda", "><source file='/i/a.img'/>"),
            disk("vdb", "snapshot='no'><source file='/i/b.img'/>"),
            disk("vdr", "><source file='/i/r.img'/><readonly/>"),
            disk("hdc", "device='cdrom'>"),
        ];
        Definition::parse(&format!(
            "<domain type='kvm'><name>n</name><memory>9</memory><os><type>hvm</type></os>\
             <devices>{}</devices></domain>",
            disks.concat()
        ))
        .unwrap()
    }

    fn said(name: &str, mode: Option<Mode>) -> SnapshotDisk {
        SnapshotDisk::new(name, mode)
    }

    #[test]
    fn what_is_not_named_follows_from_the_definition() {
        let modes = |said: &[SnapshotDisk]| -> Vec<Mode> {
            let disks = align(&definition(), said, "s").unwrap();
            disks.iter().filter_map(|disk| disk.mode).collect()
        };
        use Mode::*;
        assert_eq!(modes(&[]), [External, No, No, No]);
        assert_eq!(modes(&[said("vdb", Some(External))]), [External, External, No, No]);
        assert_eq!(modes(&[said("/i/a.img", Some(Manual))]), [Manual, No, No, No]);
        let disks = align(&definition(), &[], "s").unwrap();
        assert_eq!(disks[0].path(), Some(Path::new("/i/a.s")));
        assert_eq!(disks[0].format.as_deref(), Some("qcow2"));
    }

    #[test]
    fn refusals_are_worded_as_libvirt_words_them() {
        let message = |said: &[SnapshotDisk]| align(&definition(), said, "s").unwrap_err().message;
        assert_eq!(message(&[said("vdz", None)]), "unsupported configuration: no disk named 'vdz'");
        assert_eq!(
            message(&[said("vda", None), said("/i/a.img", None)]),
            "unsupported configuration: disk 'vda' specified twice"
        );
        assert_eq!(
            message(&[said("hdc", Some(Mode::External))]),
            "unsupported configuration: cannot generate external snapshot name for disk 'hdc' \
             without source"
        );
        let source = Some(Source::File("/i/x".into()));
        assert_eq!(
            message(&[SnapshotDisk { source, ..said("vda", Some(Mode::No)) }]),
            "unsupported configuration: file '/i/x' for disk 'vda' requires use of external \
             snapshot mode"
        );
        let none = align(&definition(), &[said("vda", Some(Mode::No))], "s").unwrap();
        assert_eq!(
            check_modes(&none, true).unwrap_err().message,
            "unsupported configuration: nothing selected for snapshot"
        );
    }
}
