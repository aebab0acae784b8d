//! Instance types, and what follows from one: hypervisor, front end, processor architecture.

use std::fmt;
use std::str::FromStr;

use crate::ids::Invalid;

/// The front end that answers for an instance.
///
/// Captures show two, both calling themselves `Server: EC2ws`: they differ in HTTP version, order
/// of header fields, `Accept-Ranges`, first token bytes and the body of a 401.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FrontEnd {
    /// Instances on the Nitro system: HTTP/1.1, an empty 401.
    Nitro,
    /// Instances on Xen, such as `t2.micro`: HTTP/1.0, a 401 with an XHTML page.
    Xen,
}

impl FrontEnd {
    /// As the category `meta-data/system` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nitro => "nitro",
            Self::Xen => "xen",
        }
    }
}

/// A kind of processor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Architecture {
    /// 32-bit Intel and AMD.
    I386,
    /// 64-bit Intel and AMD.
    X86_64,
    /// Graviton.
    Arm64,
}

impl Architecture {
    /// As the identity document and the EC2 API have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::I386 => "i386",
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// An instance type, such as `t2.micro`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct InstanceType(Box<str>);

/// Families on Xen; all others, and all sizes called `metal`, are on Nitro.
/// Source: EC2 User Guide, "Instances built on the AWS Nitro System".
const XEN_FAMILIES: [&str; 29] = [
    "c1", "c3", "c4", "cc1", "cc2", "cg1", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hi1",
    "hs1", "i2", "i3", "m1", "m2", "m3", "m4", "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e",
];

/// Types with several network cards. Source: `DescribeInstanceTypes` (`MaximumNetworkCards`) as of August
/// 2026, in the tables of amazon-vpc-cni-k8s.
#[rustfmt::skip]
const SEVERAL_NETWORK_CARDS: [&str; 67] = [
    "c6in.32xlarge", "c6in.metal", "c8gb.48xlarge", "c8gb.metal-48xl", "c8gn.48xlarge",
    "c8gn.metal-48xl", "c8ib.96xlarge", "c8ib.metal-96xl", "c8in.96xlarge", "c8in.metal-96xl",
    "dl1.24xlarge", "g6e.24xlarge", "g6e.48xlarge", "g7.48xlarge", "g7e.24xlarge", "g7e.48xlarge",
    "hpc6id.32xlarge", "hpc7a.12xlarge", "hpc7a.24xlarge", "hpc7a.48xlarge", "hpc7a.96xlarge",
    "hpc8a.96xlarge", "m6idn.32xlarge", "m6idn.metal", "m6in.32xlarge", "m6in.metal",
    "m8gb.48xlarge", "m8gb.metal-48xl", "m8gn.48xlarge", "m8gn.metal-48xl", "m8ib.96xlarge",
    "m8ib.metal-96xl", "m8idb.96xlarge", "m8idb.metal-96xl", "m8idn.96xlarge", "m8idn.metal-96xl",
    "m8in.96xlarge", "m8in.metal-96xl", "p4d.24xlarge", "p4de.24xlarge", "p5.48xlarge",
    "p5e.48xlarge", "p5en.48xlarge", "p6-b200.48xlarge", "p6-b300.48xlarge", "r6idn.32xlarge",
    "r6idn.metal", "r6in.32xlarge", "r6in.metal", "r8gb.48xlarge", "r8gb.metal-48xl",
    "r8gn.48xlarge", "r8gn.metal-48xl", "r8ib.96xlarge", "r8ib.metal-96xl", "r8idb.96xlarge",
    "r8idb.metal-96xl", "r8idn.96xlarge", "r8idn.metal-96xl", "r8in.96xlarge", "r8in.metal-96xl",
    "trn1.32xlarge", "trn1n.32xlarge", "trn2.48xlarge", "u7in-16tb.224xlarge",
    "u7in-24tb.224xlarge", "u7in-32tb.224xlarge",
];

impl InstanceType {
    /// The type as EC2 writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which front end serves instances of this type.
    pub fn front_end(&self) -> FrontEnd {
        let (family, size) = self.parts();
        if XEN_FAMILIES.contains(&family) && !size.starts_with("metal") {
            FrontEnd::Xen
        } else {
            FrontEnd::Nitro
        }
    }

    /// The processors of the type; those that are 64-bit also run 32-bit images.
    pub fn architecture(&self) -> Architecture {
        let (family, _) = self.parts();
        // The letters behind the generation number tell the processor: `g` is Graviton.
        let attributes = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let attributes = attributes.trim_start_matches(|c: char| c.is_ascii_digit());
        if family == "a1" || attributes.starts_with('g') {
            Architecture::Arm64
        } else {
            Architecture::X86_64
        }
    }

    /// Whether the type has more than one network card.
    pub fn has_several_network_cards(&self) -> bool {
        SEVERAL_NETWORK_CARDS.contains(&self.as_str())
    }

    fn parts(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

impl FromStr for InstanceType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        match text.split_once('.') {
            Some((family, size)) if is_word(family) && is_word(size) => Ok(Self(text.into())),
            _ => Err(Invalid::new(
                "instance type",
                text,
                "it is a family and a size in lower case, such as t3.micro",
            )),
        }
    }
}

impl fmt::Display for InstanceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_decides_front_end_and_architecture() {
        for (text, front_end, architecture) in [
            ("t2.micro", FrontEnd::Xen, "x86_64"),
            ("m4.16xlarge", FrontEnd::Xen, "x86_64"),
            ("x1e.xlarge", FrontEnd::Xen, "x86_64"),
            ("i3.large", FrontEnd::Xen, "x86_64"),
            ("i3.metal", FrontEnd::Nitro, "x86_64"),
            ("p3dn.24xlarge", FrontEnd::Nitro, "x86_64"),
            ("t3.micro", FrontEnd::Nitro, "x86_64"),
            ("g4dn.xlarge", FrontEnd::Nitro, "x86_64"),
            ("t4g.small", FrontEnd::Nitro, "arm64"),
            ("c7gn.large", FrontEnd::Nitro, "arm64"),
            ("a1.large", FrontEnd::Nitro, "arm64"),
            ("u-6tb1.112xlarge", FrontEnd::Nitro, "x86_64"),
        ] {
            let kind: InstanceType = text.parse().unwrap();
            assert_eq!(kind.front_end(), front_end, "{text}");
            assert_eq!(kind.architecture().as_str(), architecture, "{text}");
        }
        for (text, has_several) in [
            ("t3.micro", false),
            ("p5.4xlarge", false),
            ("p5.48xlarge", true),
            ("c6in.metal", true),
        ] {
            let kind: InstanceType = text.parse().unwrap();
            assert_eq!(kind.has_several_network_cards(), has_several, "{text}");
        }
        for bad in ["", "t2", "t2.", ".micro", "T2.micro", "t2 .micro"] {
            assert!(bad.parse::<InstanceType>().is_err(), "{bad}");
        }
    }
}
