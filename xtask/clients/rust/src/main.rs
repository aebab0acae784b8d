//! Asks for the instance's id as the AWS SDK for Rust does, and prints it.

use aws_config::imds::Client;
use aws_config::provider_config::ProviderConfig;
use aws_smithy_http_client::Builder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let configuration = ProviderConfig::without_region().with_http_client(Builder::new().build_http());
    let client = Client::builder().configure(&configuration).build();
    println!("{}", client.get("/latest/meta-data/instance-id").await?.as_ref());
    Ok(())
}
