//! `libvirt-common.h`: typed parameters.
