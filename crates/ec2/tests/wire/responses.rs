//! Answers, good and bad, as EC2 sends them.

use imds_ec2::types::{
    CreateTagsRequest, DescribeInstancesRequest, DescribeInstancesResult, Instance,
    InstanceMetadataOptionsResponse, ModifyInstanceMetadataOptionsRequest,
    ModifyInstanceMetadataOptionsResult, Reservation, RunInstancesRequest,
};
use imds_ec2::{Done, Fault, document};

/// The documented example of the operation, without its white space.
#[test]
fn an_answer_is_as_documented() {
    let text = |text: &str| Some(text.to_owned());
    let response = ModifyInstanceMetadataOptionsResult {
        instance_id: text("i-1234567898abcdef0"),
        instance_metadata_options: Some(InstanceMetadataOptionsResponse {
            state: text("pending"),
            http_tokens: text("required"),
            http_put_response_hop_limit: Some(1),
            http_endpoint: text("enabled"),
            http_protocol_ipv6: text("disabled"),
            instance_metadata_tags: text("disabled"),
        }),
    };
    assert_eq!(
        document::<ModifyInstanceMetadataOptionsRequest>(&response, "59dbff89"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ModifyInstanceMetadataOptionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>59dbff89</requestId><instanceId>i-1234567898abcdef0</instanceId>\
         <instanceMetadataOptions><state>pending</state><httpTokens>required</httpTokens>\
         <httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint>\
         <httpProtocolIpv6>disabled</httpProtocolIpv6>\
         <instanceMetadataTags>disabled</instanceMetadataTags></instanceMetadataOptions>\
         </ModifyInstanceMetadataOptionsResponse>"
    );
}

/// Programs look into `Reservations` without asking whether it is there.
#[test]
fn lists_at_the_top_are_always_there() {
    let none = document::<DescribeInstancesRequest>(&DescribeInstancesResult::default(), "id");
    assert!(
        none.contains("<requestId>id</requestId><reservationSet></reservationSet></Desc"),
        "{none}"
    );
}

/// As captured: an instance without any has `productCodes`, but no `tagSet`.
#[test]
fn lists_inside_are_there_where_ec2_writes_them() {
    let reservation = Reservation { instances: vec![Instance::default()], ..Default::default() };
    let xml = document::<RunInstancesRequest>(&reservation, "id");
    for (list, is_there) in [
        ("groupSet", true),
        ("blockDeviceMapping", true),
        ("productCodes", true),
        ("networkInterfaceSet", true),
        ("tagSet", false),
        ("licenseSet", false),
    ] {
        assert_eq!(xml.contains(&format!("<{list}></{list}>")), is_there, "{list}: {xml}");
    }
}

#[test]
fn what_answers_nothing_answers_that_it_is_done() {
    let done = document::<CreateTagsRequest>(&Done, "id");
    assert!(done.contains("<requestId>id</requestId><return>true</return></CreateTagsResponse>"));
}

/// As captured from EC2.
#[test]
fn a_fault_is_as_captured() {
    assert_eq!(
        Fault::instance_not_found("i-1a2b3c4d").document("ea966190"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>\
         <Message>The instance ID 'i-1a2b3c4d' does not exist</Message></Error></Errors>\
         <RequestID>ea966190</RequestID></Response>"
    );
}

#[test]
fn faults_have_the_status_of_their_code() {
    let faults = [
        (
            Fault::dry_run(),
            412,
            "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
        ),
        (
            Fault::unauthorized(),
            403,
            "UnauthorizedOperation: You are not authorized to perform this operation.",
        ),
        (
            Fault::auth_failure(),
            401,
            "AuthFailure: AWS was not able to validate the provided access credentials",
        ),
        (Fault::request_limit_exceeded(), 503, "RequestLimitExceeded: Request limit exceeded."),
        (Fault::internal(), 500, "InternalError: An internal error has occurred"),
        (
            Fault::missing_parameter("A"),
            400,
            "MissingParameter: The request must contain the parameter A",
        ),
        (
            Fault::instance_id_malformed("x"),
            400,
            "InvalidInstanceID.Malformed: Invalid id: \"x\" (expecting \"i-...\")",
        ),
    ];
    for (fault, status, text) in faults {
        assert_eq!((fault.status, fault.to_string().as_str()), (status, text));
    }
}
