//! What refusals mean; every documented code is tried in `patchbay-plugin-meta`.

use crate::support::{fixture, refused};
use patchbay_plugin_sdk::FailureKind::{OutsideWindow, RateLimited, Temporary, Unauthorized, Unreachable};

#[test]
fn recorded_refusals() {
    let recorded = |name: &str| refused(Ok(fixture(name).response()));
    assert_eq!(recorded("resp_err_10_2018278").kind, OutsideWindow);
    assert_eq!(recorded("resp_err_190").kind, Unauthorized);
    assert_eq!(recorded("resp_err_2").kind, Temporary);
    assert_eq!(recorded("resp_err_551").kind, Unreachable);
    assert_eq!(recorded("resp_err_613").kind, RateLimited);
}
