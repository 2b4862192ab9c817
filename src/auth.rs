//! `libvirt-host.h`: how a connection asks its user who he is.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};

use crate::callback::call_c;
use virsparse_core::driver::{Credentials, Wanted};
use virsparse_core::error::*;

/// What a connection may ask of its user. Since 0.4.1.
#[repr(C)]
pub enum virConnectCredentialType {
    /// A name to act as. Since 0.4.1.
    VIR_CRED_USERNAME = 1,
    /// A name to authorize as. Since 0.4.1.
    VIR_CRED_AUTHNAME = 2,
    /// Languages, with commas between them. Since 0.4.1.
    VIR_CRED_LANGUAGE = 3,
    /// A nonce of the client's. Since 0.4.1.
    VIR_CRED_CNONCE = 4,
    /// A secret. Since 0.4.1.
    VIR_CRED_PASSPHRASE = 5,
    /// The response to a challenge, shown while typed. Since 0.4.1.
    VIR_CRED_ECHOPROMPT = 6,
    /// The response to a challenge, not shown. Since 0.4.1.
    VIR_CRED_NOECHOPROMPT = 7,
    /// A realm. Since 0.4.1.
    VIR_CRED_REALM = 8,
    /// Something that is managed elsewhere. Since 0.4.1.
    VIR_CRED_EXTERNAL = 9,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_CRED_LAST = 10,
}

/// One thing that is asked of the user. Since 0.4.1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virConnectCredential {
    /// What is asked, a virConnectCredentialType.
    pub r#type: c_int,
    /// The question.
    pub prompt: *const c_char,
    /// More about it.
    pub challenge: *const c_char,
    /// What to take if nothing is answered.
    pub defresult: *const c_char,
    /// The answer.
    pub result: *mut c_char,
    /// The answer's length in bytes.
    pub resultlen: c_uint,
}

/// One thing that is asked of the user.
pub type virConnectCredential = _virConnectCredential;
/// Points at one thing that is asked.
pub type virConnectCredentialPtr = *mut virConnectCredential;

/// Asks the user for `ncred` things; returns 0 when all are answered, or -1.
pub type virConnectAuthCallbackPtr = Option<
    unsafe extern "C" fn(
        cred: virConnectCredentialPtr,
        ncred: c_uint,
        cbdata: *mut c_void,
    ) -> c_int,
>;

/// Who asks the user, and for what it may be asked. Since 0.4.1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virConnectAuth {
    /// The virConnectCredentialType values that `cb` understands.
    pub credtype: *mut c_int,
    /// How many they are.
    pub ncredtype: c_uint,
    /// Asks the user.
    pub cb: virConnectAuthCallbackPtr,
    /// Passed to `cb`.
    pub cbdata: *mut c_void,
}

/// Who asks the user.
pub type virConnectAuth = _virConnectAuth;
/// Points at who asks the user.
pub type virConnectAuthPtr = *mut virConnectAuth;

/// A value that C sees as its bare contents, and that never changes.
#[repr(transparent)]
pub struct Constant<T>(T);

// SAFETY: it is never written.
unsafe impl<T> Sync for Constant<T> {}

/// Has nobody to ask: it can answer only when nothing is asked.
unsafe extern "C" fn ask_nobody(
    _: virConnectCredentialPtr,
    ncred: c_uint,
    _: *mut c_void,
) -> c_int {
    if ncred == 0 { 0 } else { -1 }
}

static DEFAULT_AUTH: Constant<virConnectAuth> = Constant(virConnectAuth {
    credtype: std::ptr::null_mut(),
    ncredtype: 0,
    cb: Some(ask_nobody),
    cbdata: std::ptr::null_mut(),
});

/// What virConnectOpenAuth is commonly given as its second argument. It has nobody to ask, so it
/// understands nothing, and its callback has no answers.
///
/// Since 0.4.0.
#[unsafe(no_mangle)]
pub static virConnectAuthPtrDefault: Constant<virConnectAuthPtr> =
    Constant((&raw const DEFAULT_AUTH.0).cast_mut());

/// Who asks the user, for one call of virConnectOpenAuth.
pub(super) struct User {
    auth: virConnectAuth,
    /// What it understands.
    kinds: Vec<c_int>,
}

impl User {
    /// # Safety
    /// `auth` is NULL or points at a record that is as it says, until the call ends.
    pub(super) unsafe fn of(auth: virConnectAuthPtr) -> Option<User> {
        if auth.is_null() {
            return None;
        }
        // SAFETY: checked for NULL; the caller's promise.
        let auth = unsafe { auth.read() };
        let kinds = match auth.credtype.is_null() {
            true => Vec::new(),
            // SAFETY: an array of that many.
            false => unsafe { std::slice::from_raw_parts(auth.credtype, auth.ncredtype as usize) }
                .to_vec(),
        };
        Some(User { auth, kinds })
    }
}

impl Credentials for User {
    fn ask(&self, wanted: Wanted, prompt: &str, about: &str) -> Result<String> {
        use virConnectCredentialType::*;
        let (kinds, names, what) = match wanted {
            Wanted::Name => ([VIR_CRED_AUTHNAME as c_int; 2], "VIR_CRED_AUTHNAME", "Username"),
            Wanted::Password => {
                let kinds = [VIR_CRED_PASSPHRASE as c_int, VIR_CRED_NOECHOPROMPT as c_int];
                (kinds, "VIR_CRED_PASSPHRASE or VIR_CRED_NOECHOPROMPT", "Password")
            }
        };
        let failed = |text| Error::new(VIR_ERR_AUTH_FAILED, VIR_FROM_AUTH, text);
        let is_it = |kind: &&c_int| kinds.contains(kind);
        let (Some(kind), Some(ask)) = (self.kinds.iter().find(is_it), self.auth.cb) else {
            return Err(failed(format!("Missing {names} credential type")));
        };
        let text = |text: &str| CString::new(text.replace('\0', "")).unwrap_or_default();
        let (prompt, about) = (text(prompt), text(about));
        let mut question = virConnectCredential {
            r#type: *kind,
            prompt: prompt.as_ptr(),
            challenge: about.as_ptr(),
            defresult: std::ptr::null(),
            result: std::ptr::null_mut(),
            resultlen: 0,
        };
        // SAFETY: the caller's function, with its own data; the texts live until it returns.
        let asked =
            unsafe { call_c!(ask, &raw mut question, 1 as c_uint, self.auth.cbdata) } as c_int;
        // SAFETY: an answer is a string from malloc, which is ours now.
        let answer = (!question.result.is_null()).then(|| unsafe {
            let answer = CStr::from_ptr(question.result).to_string_lossy().into_owned();
            libc::free(question.result.cast());
            answer
        });
        match answer {
            Some(answer) if asked >= 0 => Ok(answer),
            _ => Err(failed(format!("{what} request failed"))),
        }
    }
}
