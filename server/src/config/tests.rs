//! Layers, defaults and bounds; and that what is wrong names itself.

use super::*;

fn file(text: &str) -> Result<Layer, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

fn settle(text: &str) -> Result<Config, String> {
    Config::settle(file(text)?).map_err(|error| error.to_string())
}

#[test]
fn defaults_hold_where_nothing_is_set() {
    let config = settle("").expect("defaults");
    assert_eq!(config.listen.to_string(), LISTEN_DEFAULT);
    assert_eq!(config.entry_bytes_max, 16 * 1024 * 1024);
    assert_eq!(config.drain_timeout, Duration::from_secs(8));
}

#[test]
fn the_upper_layer_wins() {
    let upper = file("listen = '127.0.0.1:1'").expect("upper");
    let lower = file("listen = '127.0.0.1:2'\nbody_timeout = '5s'").expect("lower");
    let config = Config::settle(upper.over(lower)).expect("config");
    assert_eq!(config.listen.port(), 1);
    assert_eq!(config.body_timeout, Duration::from_secs(5));
}

#[test]
fn amounts_are_read_with_their_units() {
    let config = settle("entry_bytes_max = '64KiB'\ncache_bytes = 2097152\nheader_timeout = 7").expect("config");
    assert_eq!((config.entry_bytes_max, config.cache_bytes), (65_536, 2_097_152));
    assert_eq!(config.header_timeout, Duration::from_secs(7));
}

#[test]
fn a_wrong_setting_names_itself() {
    for (text, name) in [
        ("listen = 'nowhere'", "--listen"),
        ("entry_bytes_max = 0", "--entry-bytes-max"),
        ("entry_bytes_max = '1GiB'", "--entry-bytes-max"),
        ("queue_bytes_max = '1MiB'", "--queue-bytes-max"),
        ("connections_max = 0", "--connections-max"),
        ("drain_timeout = '2h'", "--drain-timeout"),
        ("body_timeout = 'soon'", "body_timeout"),
        ("log = 'verbatim=loud'", "--log"),
        ("log = 'wran'", "VERBATIM_LOG"),
        ("entry_bytes_max = 5.5", "16MiB"),
        ("trusted_keys = ['HS256=key']", "trusted_keys"),
        ("tls_cert = 'c.pem'", "--tls-key"),
        ("tls_key = 'k.pem'", "--tls-cert"),
        ("tls_client_ca = 'ca.pem'", "--tls-cert"),
        ("trusted_jwks_url = 'http://issuer.example/'", "--trusted-jwks-url"),
        ("trusted_jwks_interval = 0", "--trusted-jwks-interval"),
        ("data_folder = 'x'", "data_folder"),
    ] {
        let error = settle(text).map(|_| ()).expect_err(text);
        assert!(error.contains(name), "{text}: {error}");
    }
}
