//! Asks for the role's credentials as the AWS SDK for Rust does, and says whose they are.

use aws_config::imds::Client;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::Builder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let configuration = ProviderConfig::without_region().with_http_client(Builder::new().build_http());
    let client = Client::builder().configure(&configuration).build();
    let provider = ImdsCredentialsProvider::builder().imds_client(client).build();
    println!("credentials {}", provider.provide_credentials().await?.access_key_id());
    Ok(())
}
