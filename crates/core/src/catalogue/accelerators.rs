//! `meta-data/elastic-gpus/` and `meta-data/elastic-inference/`: services that have ended.

use super::category::Source::Each;
use super::category::{Category, Value};

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/elastic-gpus/associations/{elastic-gpu-id}",
        since: "2016-11-30",
        absent: "without an Elastic GPU",
        example: "",
        source: Each(|instance| {
            let gpus = instance.elastic_gpus.iter();
            gpus.map(|gpu| (gpu.id.to_string(), Value::of(&gpu.document))).collect()
        }),
    },
    Category {
        path: "meta-data/elastic-inference/associations/{eia-id}",
        since: "2018-11-29",
        absent: "without an Elastic Inference accelerator",
        example: r#"{"version_2018_04_12":{"elastic-inference-accelerator-id":"eia-bfa21c7904f64a82a21b9f4540169ce1","elastic-inference-accelerator-type":"eia1.medium"}}"#,
        source: Each(|instance| {
            let accelerators = instance.accelerators.iter().map(|accelerator| {
                let document = format!(
                    r#"{{"version_2018_04_12":{{"elastic-inference-accelerator-id":"{}","elastic-inference-accelerator-type":"{}"}}}}"#,
                    accelerator.id, accelerator.kind
                );
                (accelerator.id.to_string(), Value::of(document))
            });
            accelerators.collect()
        }),
    },
];
