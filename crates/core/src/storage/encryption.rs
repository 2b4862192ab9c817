//! A volume's `<encryption>`. There is no store of secrets here, so no volume can be encrypted;
//! what libvirt says of each request is said all the same.

use uuid::Uuid;

use crate::error::*;
use crate::xml::{Element, excerpt, parse_uuid};

/// A request that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    secrets: Vec<Secret>,
}

/// How a secret is named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Secret {
    Uuid(Uuid),
    Usage(String),
}

impl Encryption {
    /// Reads the element.
    pub fn parse(element: &Element) -> Result<Encryption> {
        let format = word(element, "format", "unknown volume encryption format")?;
        if !matches!(format, "default" | "qcow" | "luks" | "luks2") {
            let problem = format!("unknown volume encryption format type {}", excerpt(format));
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, problem));
        }
        let secrets = element.children("secret").map(secret).collect::<Result<_>>()?;
        Ok(Encryption { secrets })
    }

    /// Why a volume cannot be created with it.
    pub fn refusal(&self) -> Error {
        let problem = match self.secrets.as_slice() {
            [Secret::Uuid(uuid)] => format!("no secret with matching uuid '{uuid}'"),
            [Secret::Usage(usage)] => format!("no secret with matching usage '{}'", excerpt(usage)),
            _ => {
                let problem = "A single <secret type='passphrase'...> element is expected in \
                               encryption description";
                return Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, problem);
            }
        };
        Error::new(VIR_ERR_NO_SECRET, VIR_FROM_SECRET, problem)
    }
}

fn secret(element: &Element) -> Result<Secret> {
    let secret_type = word(element, "type", "unknown volume encryption secret type")?;
    if secret_type != "passphrase" {
        let problem = format!("unknown volume encryption secret type {}", excerpt(secret_type));
        return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, problem));
    }
    let problem = match (element.attr("uuid"), element.attr("usage")) {
        (None, Some(usage)) => return Ok(Secret::Usage(usage.to_string())),
        (Some(text), None) => match parse_uuid(text) {
            Some(uuid) => return Ok(Secret::Uuid(uuid)),
            None => format!("invalid secret uuid '{}'", excerpt(text)),
        },
        (None, None) => "missing secret uuid or usage attribute".to_string(),
        (Some(_), Some(_)) => "either secret uuid or usage expected".to_string(),
    };
    Err(Error::new(VIR_ERR_XML_ERROR, VIR_FROM_NONE, problem))
}

fn word<'a>(element: &'a Element, attribute: &str, missing: &str) -> Result<&'a str> {
    let missing = || Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, missing);
    element.attr(attribute).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    const UUID: &str = "7f307396-f344-4837-9dc5-110ce400d1b9";

    fn parsed(text: &str) -> Result<Encryption> {
        Encryption::parse(&parse(text, "w", VIR_FROM_STORAGE).unwrap())
    }

    #[test]
    fn well_formed_requests_fail_for_want_of_a_secret() {
        for format in ["luks", "luks2", "qcow", "default"] {
            let refusal = |secrets: &str| {
                let text = format!("<encryption format='{format}'>{secrets}</encryption>");
                parsed(&text).unwrap().refusal()
            };
            let usage = "<secret type='passphrase' usage='u'/>";
            for secrets in ["", &usage.repeat(2)] {
                let error = refusal(secrets);
                assert_eq!((error.code, error.domain), (VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE));
                assert_eq!(
                    error.message,
                    "invalid argument: A single <secret type='passphrase'...> element is \
                     expected in encryption description"
                );
            }
            let error = refusal(usage);
            assert_eq!((error.code, error.domain), (VIR_ERR_NO_SECRET, VIR_FROM_SECRET));
            assert_eq!(error.message, "Secret not found: no secret with matching usage 'u'");
            let error = refusal(&format!("<secret type='passphrase' uuid='{UUID}'/>"));
            let message = format!("Secret not found: no secret with matching uuid '{UUID}'");
            assert_eq!(error.message, message);
        }
    }

    #[test]
    fn malformed_requests_are_refused_as_libvirt_refuses_them() {
        for (format, secret, code, domain, message) in [
            ("", "", VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "unknown volume encryption format"),
            (
                "format='zzz'",
                "<secret/>",
                VIR_ERR_CONFIG_UNSUPPORTED,
                VIR_FROM_STORAGE,
                "unknown volume encryption format type zzz",
            ),
            (
                "format='luks'",
                "<secret/>",
                VIR_ERR_XML_ERROR,
                VIR_FROM_STORAGE,
                "unknown volume encryption secret type",
            ),
            (
                "format='luks'",
                "<secret type='x'/>",
                VIR_ERR_CONFIG_UNSUPPORTED,
                VIR_FROM_STORAGE,
                "unknown volume encryption secret type x",
            ),
            (
                "format='luks'",
                "<secret type='passphrase'/>",
                VIR_ERR_XML_ERROR,
                VIR_FROM_NONE,
                "missing secret uuid or usage attribute",
            ),
            (
                "format='luks'",
                "<secret type='passphrase' uuid='x'/>",
                VIR_ERR_XML_ERROR,
                VIR_FROM_NONE,
                "invalid secret uuid 'x'",
            ),
            (
                "format='luks'",
                "<secret type='passphrase' uuid='x' usage='u'/>",
                VIR_ERR_XML_ERROR,
                VIR_FROM_NONE,
                "either secret uuid or usage expected",
            ),
        ] {
            let text = format!("<encryption {format}>{secret}</encryption>");
            let error = parsed(&text).unwrap_err();
            assert_eq!((error.code, error.domain), (code, domain), "{text}");
            assert_eq!(error.str2.as_deref(), Some(message), "{text}");
        }
    }
}
