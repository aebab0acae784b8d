//! The addresses that nobody has yet.

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr};

use imds_account::keys::Key;
use imds_account::network::hosts_behind;
use imds_account::records::AddressHolder;
use imds_account::{Source, Sources, keys};
use imds_core::network::{Ipv4Cidr, Subnet};
use imds_ec2::Fault;

use crate::call::{Call, Refusal};
use crate::ids;

/// How many candidates are looked up at once.
const BATCH: usize = 32;

/// How many random IPv6 addresses are tried: nearly all are free, unless blocks cover the subnet.
const TRIES: usize = 100;

/// Chooses addresses that nobody has yet, subnet by subnet.
pub(super) struct FreeAddresses<'a> {
    call: &'a Call<'a>,
    /// What the request itself names.
    stated: Sources,
    /// All that is taken, once an IPv6 block is looked for.
    taken: OnceCell<Sources>,
    searches: BTreeMap<Ipv4Cidr, Search>,
}

/// A search in one block.
struct Search {
    candidates: Box<dyn Iterator<Item = Ipv4Addr>>,
    found: VecDeque<Ipv4Addr>,
}

impl<'a> FreeAddresses<'a> {
    /// All but those that are stated, of which none may be taken, or stated twice.
    pub(super) fn but(
        call: &'a Call<'a>,
        stated: Vec<(String, Vec<Source>)>,
    ) -> Result<Self, Refusal> {
        let mut free = Self {
            call,
            stated: Sources::default(),
            taken: OnceCell::new(),
            searches: BTreeMap::new(),
        };
        for (text, sources) in stated {
            let is_twice = sources.iter().any(|source| free.stated.overlap(*source));
            if is_twice || free.is_any_taken(&sources)? {
                let message = format!("Address {text} is in use.");
                return Err(Fault::client("InvalidIPAddress.InUse", message).into());
            }
            free.stated.extend(sources);
        }
        Ok(free)
    }

    fn is_any_taken(&self, sources: &[Source]) -> Result<bool, Refusal> {
        let mut with = Vec::new();
        for source in sources {
            match source {
                Source::Address(address) => with.extend(Source::with(*address)),
                Source::Block(_) if self.taken()?.overlap(*source) => return Ok(true),
                Source::Block(_) => {}
            }
        }
        Ok(are_taken(self.call, &with)?.contains(&true))
    }

    fn taken(&self) -> Result<&Sources, Refusal> {
        if let Some(taken) = self.taken.get() {
            return Ok(taken);
        }
        let names = self.call.names(&keys::addresses())?;
        let taken = names.iter().filter_map(|source| source.parse().ok()).collect();
        Ok(self.taken.get_or_init(|| taken))
    }

    /// The next private address in a subnet; `None` if there is none.
    pub(super) fn next(&mut self, subnet: &Subnet) -> Result<Option<Ipv4Addr>, Refusal> {
        let Some(block) = subnet.ipv4 else { return Ok(None) };
        let cursors = self.call.cursors;
        let search = self.searches.entry(block).or_insert_with(|| Search {
            candidates: Box::new(hosts_behind(subnet, cursors.last(block))),
            found: VecDeque::new(),
        });
        while search.found.is_empty() {
            let batch: Vec<_> = search.candidates.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(None);
            }
            let sources: Vec<_> = batch.iter().map(|&it| Source::Address(it.into())).collect();
            let are_taken = are_taken(self.call, &sources)?;
            let is_free = sources.iter().zip(are_taken);
            let is_free = is_free.map(|(it, is_taken)| !is_taken && !self.stated.overlap(*it));
            let found = batch.into_iter().zip(is_free).filter(|(_, is_free)| *is_free);
            search.found.extend(found.map(|(address, _)| address));
        }
        let found = search.found.pop_front();
        if let Some(found) = found {
            cursors.set(block, found);
        }
        Ok(found)
    }

    /// A random address, of so many that another one is soon found if somebody has it.
    pub(super) fn new_ipv6(&self, subnet: &Subnet) -> Result<Ipv6Addr, Refusal> {
        let default = || self.call.network.ipv6_block(&subnet.zone);
        let block = subnet.ipv6.or_else(|| {
            let is_default = *subnet == self.call.network.default_subnet(&subnet.zone);
            if is_default { default() } else { None }
        });
        let block = block.ok_or_else(|| {
            Fault::invalid_parameter_value(format!(
                "The subnet '{}' does not have an IPv6 CIDR block associated with it",
                subnet.id
            ))
        })?;
        let host = u128::MAX.checked_shr(block.prefix().into()).unwrap_or(0);
        for _ in 0..TRIES {
            let random = u128::from(ids::random()?) & host;
            let address = Ipv6Addr::from_bits(block.address().to_bits() | random);
            let source = Source::Address(address.into());
            if !self.stated.overlap(source) && !self.is_any_taken(&[source])? {
                return Ok(address);
            }
        }
        Err(Fault::client(
            "InsufficientFreeAddressesInSubnet",
            format!("There are not enough free IPv6 addresses in subnet '{}'.", subnet.id),
        )
        .into())
    }
}

/// Whether somebody has each of these.
fn are_taken(call: &Call<'_>, sources: &[Source]) -> Result<Vec<bool>, Refusal> {
    let keys: Vec<_> = sources.iter().map(|source| keys::address(*source)).collect();
    let texts: Vec<_> = keys.iter().map(Key::as_str).collect();
    let read = call.store.read_many(&texts)?;
    // Whoever has it, if that cannot be read.
    let is_taken = |key| !matches!(read.read::<AddressHolder>(key), Ok(None));
    Ok(keys.iter().map(is_taken).collect())
}
