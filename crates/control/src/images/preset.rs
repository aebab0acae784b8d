//! Images that the operator names.

use imds_core::image::Image;

/// An image of the account that the operator names. It is there in each Region, and no call changes it.
#[derive(Clone, Debug)]
pub struct PresetImage {
    /// Its id and what the metadata shows of it.
    pub image: Image,
    /// Its name: 3 to 128 characters.
    pub name: String,
    /// The names of parameters of Systems Manager's Parameter Store that have its id, such as `/golden/ami`.
    pub parameters: Vec<String>,
}
