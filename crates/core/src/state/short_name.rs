//! Short names of files that stand for long ones.

use uuid::{Uuid, uuid};

/// The namespace of the hashes: no other program makes the same ones.
const NAMESPACE: Uuid = uuid!("3f0f1c1e-9a5c-4f0b-8d55-6d6a6f1f3a90");

/// 16 hexadecimal digits of a hash of `name`, which is the same in all processes and versions: the address
/// of a socket holds 107 bytes, and names of objects may be longer than that.
pub fn short_name(name: &str) -> String {
    let hash = Uuid::new_v5(&NAMESPACE, name.as_bytes()).simple().to_string();
    hash[..16].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_depends_on_nothing_but_the_name() {
        assert_eq!(short_name("a"), "be45275327b65fbe");
        assert_eq!(short_name(&"n".repeat(300)).len(), 16);
        assert_ne!(short_name("a"), short_name("b"));
    }
}
