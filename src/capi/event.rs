//! `libvirt-event.h`.
