//! Reads that take several calls: each sees one revision.

use super::client::{CallError, Client};
use super::fault;
use super::wire::{
    KeyValue, Operation, RangeRequest, RangeResponse, RequestOp, TxnRequest, TxnResponse, path,
};
use crate::limits::Limits;

/// How many entries are asked for at once.
const PAGE: usize = 500;

/// How often a read is begun again whose revision was compacted on the way.
const RESTARTS: usize = 5;

/// The pairs at `keys`, in their order, and the newest revision at that time. `any` is a key that may be
/// read.
pub(super) async fn get_many(
    client: &Client,
    keys: &[Vec<u8>],
    any: Vec<u8>,
) -> Result<(i64, Vec<Option<KeyValue>>), CallError> {
    if keys.is_empty() {
        return Ok((newest(client, any).await?, Vec::new()));
    }
    let mut restarts = 0;
    loop {
        match try_get_many(client, keys).await {
            Err(error) if is_compacted(&error) && restarts < RESTARTS => restarts += 1,
            result => return result,
        }
    }
}

async fn try_get_many(
    client: &Client,
    keys: &[Vec<u8>],
) -> Result<(i64, Vec<Option<KeyValue>>), CallError> {
    let mut revision = 0;
    let mut pairs = Vec::with_capacity(keys.len());
    for keys in keys.chunks(Limits::PORTABLE.operations) {
        let success = keys.iter().map(|key| get(key.clone(), revision)).collect();
        let request = TxnRequest { success, ..TxnRequest::default() };
        let response: TxnResponse = client.repeat(path::TXN, request).await?;
        if revision == 0 {
            revision = response.header.map_or(0, |header| header.revision);
        }
        let ranges = response.responses.into_iter().map(|response| response.range);
        pairs.extend(ranges.map(|range| range.and_then(|range| range.kvs.into_iter().next())));
    }
    Ok((revision, pairs))
}

/// The first `limit` pairs that `range` asks for, the newest revision at that time, and whether there are more.
pub(super) async fn page(
    client: &Client,
    range: &RangeRequest,
    limit: usize,
) -> Result<(i64, Vec<KeyValue>, bool), CallError> {
    if limit == 0 || range.is_empty() {
        return Ok((newest(client, range.key.clone()).await?, Vec::new(), false));
    }
    let mut restarts = 0;
    loop {
        match try_page(client, range.clone(), limit).await {
            Err(error) if is_compacted(&error) && restarts < RESTARTS => restarts += 1,
            result => return result,
        }
    }
}

async fn try_page(
    client: &Client,
    mut range: RangeRequest,
    limit: usize,
) -> Result<(i64, Vec<KeyValue>, bool), CallError> {
    let mut pairs = Vec::new();
    loop {
        let wanted = (limit - pairs.len()).min(PAGE);
        range.limit = i64::try_from(wanted).unwrap_or(i64::MAX);
        let RangeResponse { header, kvs, more } = client.repeat(path::RANGE, range.clone()).await?;
        if range.revision == 0 {
            range.revision = header.map_or(0, |header| header.revision);
        }
        pairs.extend(kvs);
        let last = pairs.last().filter(|_| more && pairs.len() < limit);
        let Some(last) = last else { return Ok((range.revision, pairs, more)) };
        // The first key after it.
        range.key.clone_from(&last.key);
        range.key.push(0);
    }
}

/// The newest revision, learned from a key that need not exist.
async fn newest(client: &Client, key: Vec<u8>) -> Result<i64, CallError> {
    let request = RangeRequest { key, count_only: true, ..RangeRequest::default() };
    let response: RangeResponse = client.repeat(path::RANGE, request).await?;
    Ok(response.header.map_or(0, |header| header.revision))
}

/// Asks for one key; with `revision` 0 for the newest.
fn get(key: Vec<u8>, revision: i64) -> RequestOp {
    let range = RangeRequest { key, revision, ..RangeRequest::default() };
    RequestOp { operation: Some(Operation::Range(range)) }
}

/// Asks for the revision of one key, without its value.
pub(super) fn get_revision(key: Vec<u8>) -> RequestOp {
    let range = RangeRequest { key, keys_only: true, ..RangeRequest::default() };
    RequestOp { operation: Some(Operation::Range(range)) }
}

fn is_compacted(error: &CallError) -> bool {
    matches!(error, CallError::Refused(status) if fault::is_compacted(status))
}
