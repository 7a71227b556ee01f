//! `organizations`: how much an organisation keeps, and what is set for it.

use verbatim_proto::{
    OrganizationId,
    organization::{Amounts, Settings},
};

use super::Fields;
use crate::store::{StoreError, Usage};

/// Bytes of the usage of an organisation.
pub const USAGE_BYTES: usize = 1 + 3 * 8 + 4 + 3 * 8;

const VERSION: u8 = 1;
const USAGE: u8 = 0;
const SETTINGS: u8 = 1;

const _: () = assert!(USAGE_BYTES == 53, "usage is part of the stored format");

/// The key of an organisation's usage. Every organisation that ever stored anything has one.
pub fn usage_key(organization: &OrganizationId) -> [u8; 17] {
    key(organization, USAGE)
}

/// The key of its settings.
pub fn settings_key(organization: &OrganizationId) -> [u8; 17] {
    key(organization, SETTINGS)
}

fn key(organization: &OrganizationId, kind: u8) -> [u8; 17] {
    let mut key = [kind; 17];
    key[..16].copy_from_slice(organization.as_bytes());
    key
}

/// The organisation in the key of its usage; none in another key.
pub fn decode_usage_key(key: &[u8]) -> Option<OrganizationId> {
    match key.split_last_chunk() {
        Some((organization, [USAGE])) => organization.try_into().ok().map(OrganizationId::from_bytes),
        _ => None,
    }
}

/// The value of an organisation's usage.
pub fn encode_usage(usage: &Usage) -> [u8; USAGE_BYTES] {
    let mut value = [VERSION; USAGE_BYTES];
    let Usage { total, day, on_day } = usage;
    let amounts = |amounts: &Amounts| [amounts.sessions, amounts.entries, amounts.bytes].map(u64::to_be_bytes).concat();
    value[1..25].copy_from_slice(&amounts(total));
    value[25..29].copy_from_slice(&day.to_be_bytes());
    value[29..].copy_from_slice(&amounts(on_day));
    value
}

/// Reads what [`encode_usage`] wrote.
pub fn decode_usage(value: &[u8]) -> Result<Usage, StoreError> {
    let mut fields = Fields::new(value, "an organisation's usage");
    if fields.array()? != &[VERSION] {
        return Err(fields.damaged("has a version that this format does not know"));
    }
    let mut amounts = || Ok(Amounts { sessions: fields.u64()?, entries: fields.u64()?, bytes: fields.u64()? });
    let total = amounts()?;
    let day = fields.u32()?;
    let on_day = Amounts { sessions: fields.u64()?, entries: fields.u64()?, bytes: fields.u64()? };
    fields.end()?;
    Ok(Usage { total, day, on_day })
}

/// The value of an organisation's settings: JSON, which may grow members.
pub fn encode_settings(settings: &Settings) -> Vec<u8> {
    // The type has no value that JSON cannot hold.
    serde_json::to_vec(settings).unwrap_or_default()
}

/// Reads what [`encode_settings`] wrote.
pub fn decode_settings(value: &[u8]) -> Result<Settings, StoreError> {
    serde_json::from_slice(value).map_err(|_| StoreError::Damaged("settings hold JSON out of form".to_owned()))
}
