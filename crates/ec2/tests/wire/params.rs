//! Which parameters make which request, and which fault.

use imds_ec2::{Fault, MAX_DEPTH, MAX_LENGTH, MAX_PARAMETERS, Params, Request};

const VERSION: &str = "Version=2016-11-15";

fn read(form: &str) -> Result<Request, Fault> {
    Params::parse(b"", form.as_bytes()).and_then(Request::read)
}

/// Reads `parameters` as those of `action`.
fn ask(action: &str, parameters: &str) -> Result<Request, Fault> {
    read(&format!("Action={action}&{VERSION}&{parameters}"))
}

/// As botocore sends them (reference: its `EC2Serializer`).
#[test]
fn what_clients_send_is_read() {
    let Ok(Request::DescribeInstances(asked)) = ask(
        "DescribeInstances",
        "InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Name=tag%3AName&Filter.1.Value.1=a+b&Filter.1.Value.2=%C3%A4",
    ) else {
        panic!("not read")
    };
    assert_eq!(asked.instance_ids, ["i-1", "i-2"]);
    assert_eq!(asked.filters[0].name.as_deref(), Some("tag:Name"));
    assert_eq!(asked.filters[0].values, ["a b", "ä"]);

    let Ok(Request::ModifyInstanceMetadataOptions(asked)) = ask(
        "ModifyInstanceMetadataOptions",
        "InstanceId=i-1&HttpTokens=required&HttpPutResponseHopLimit=2&HttpEndpoint=&DryRun=false",
    ) else {
        panic!("not read")
    };
    assert_eq!(asked.instance_id, "i-1");
    assert_eq!(asked.http_tokens.as_deref(), Some("required"));
    assert_eq!(asked.http_put_response_hop_limit, Some(2));
    // Given, but empty: an operation says what it thinks of that.
    assert_eq!(asked.http_endpoint.as_deref(), Some(""));
    assert_eq!(asked.http_protocol_ipv6, None);

    let Ok(Request::RunInstances(asked)) = ask(
        "RunInstances",
        "ImageId=ami-1&MinCount=1&MaxCount=3&UserData=c2VjcmV0&MetadataOptions.HttpPutResponseHopLimit=-1\
         &TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=\
         &InstanceMarketOptions.SpotOptions.ValidUntil=2026-11-22T09%3A00%3A00%2B01%3A00",
    ) else {
        panic!("not read")
    };
    assert_eq!((asked.min_count, asked.max_count), (1, 3));
    let options = asked.metadata_options.clone().unwrap();
    assert_eq!(options.http_put_response_hop_limit, Some(-1));
    assert_eq!(asked.tag_specifications[0].tags[0].value.as_deref(), Some(""));
    let spot = asked.instance_market_options.clone().unwrap().spot_options.unwrap();
    assert_eq!(spot.valid_until.unwrap().to_string(), "2026-11-22T08:00:00.000Z");
    assert_eq!(asked.user_data.as_ref().unwrap().0, "c2VjcmV0");
    assert!(!format!("{asked:?}").contains("c2VjcmV0"), "user data may be secret");
}

#[test]
fn query_string_and_body_are_one() {
    let params = Params::parse(b"Action=DescribeInstances&X-Amz-Date=x", b"Version=2016-11-15");
    assert_eq!(params.and_then(Request::read).unwrap().action(), "DescribeInstances");
    let twice = Params::parse(b"Action=DescribeInstances", b"Action=TerminateInstances");
    assert_eq!(twice.err().unwrap().message, "The parameter Action is given more than once");
}

#[test]
fn numbers_of_a_list_order_it_and_may_have_gaps() {
    let Ok(Request::StopInstances(asked)) = ask(
        "StopInstances",
        "InstanceId.10=c&InstanceId.2=a&InstanceId.4294967295=d&InstanceId.9=b",
    ) else {
        panic!("not read")
    };
    assert_eq!(asked.instance_ids, ["a", "b", "c", "d"]);
}

#[test]
fn faults_say_what_is_wrong() {
    let cases = [
        ("", "MissingAction", "must contain the parameter Action"),
        ("Action=&Version=2016-11-15", "MissingAction", "must contain the parameter Action"),
        ("Action=DescribeInstances", "MissingParameter", "must contain the parameter Version"),
        (
            "Action=DescribeInstances&Version=2014-10-01",
            "NoSuchVersion",
            "The requested version (2014-10-01) of service AmazonEC2 does not exist. Supported is 2016-11-15.",
        ),
        (
            "Action=DescribeBundleTasks&Version=2016-11-15",
            "InvalidAction",
            "The action DescribeBundleTasks is not valid for this web service. Supported are: AssignIpv6Addresses, ",
        ),
        (
            "Action.1=DescribeInstances&Version=2016-11-15",
            "UnknownParameter",
            "parameter Action.1 is",
        ),
    ];
    for (form, code, words) in cases {
        let fault = read(form).err().unwrap();
        assert_eq!((fault.status, fault.code), (400, code), "{form}");
        assert!(fault.message.contains(words), "{fault}");
    }
}

/// What is asked, and the fault that is answered.
const FAULTS: &str = "\
StopInstances -> MissingParameter: The request must contain the parameter InstanceId
RunInstances MaxCount=1 -> MissingParameter: The request must contain the parameter MinCount
ModifyInstanceMetadataOptions HttpTokens=optional -> MissingParameter: The request must contain the parameter InstanceId
RunInstances MinCount=1&MaxCount=1&Monitoring.x=1 -> MissingParameter: The request must contain the parameter Monitoring.Enabled
RunInstances MinCount=1&MaxCount=one -> InvalidParameterValue: Value (one) for parameter MaxCount is invalid. Expecting an integer.
RunInstances MinCount=1&MaxCount=2147483648 -> InvalidParameterValue: Value (2147483648) for parameter MaxCount is invalid. Expecting an integer.
RunInstances MaxCount=1&MinCount= -> InvalidParameterValue: Value () for parameter MinCount is invalid. Expecting an integer.
RebootInstances InstanceId.1=i&DryRun=yes -> InvalidParameterValue: Value (yes) for parameter DryRun is invalid. Expecting true or false.
CreateLaunchTemplate LaunchTemplateName=n&LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit=x -> InvalidParameterValue: Value (x) for parameter LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit is invalid. Expecting an integer.
ImportKeyPair KeyName=k&PublicKeyMaterial=* -> InvalidParameterValue: Value (*) for parameter PublicKeyMaterial is invalid. Expecting base64.
DescribeRegions allRegions=true -> UnknownParameter: The parameter allRegions is not recognized
DescribeRegions AllRegions.1=true -> UnknownParameter: The parameter AllRegions.1 is not recognized
RunInstances MinCount=1&MaxCount=1&MetadataOptions.Httptokens=x -> UnknownParameter: The parameter MetadataOptions.Httptokens is not recognized
RunInstances MinCount=1&MaxCount=1&MetadataOptions=x -> UnknownParameter: The parameter MetadataOptions is not recognized
RunInstances MinCount=1&MaxCount=1&ImageId=x&ImageId.1=x -> UnknownParameter: The parameter ImageId.1 is not recognized
StopInstances InstanceId.1.x=i -> UnknownParameter: The parameter InstanceId.1.x is not recognized
StopInstances InstanceId=i -> MalformedQueryString: The parameter InstanceId is a list: give InstanceId.1
StopInstances InstanceId.1=i&InstanceId=i -> MalformedQueryString: The parameter InstanceId is a list: give InstanceId.1
StopInstances InstanceId.0=i -> MalformedQueryString: The parameter InstanceId is a list: its elements are InstanceId.1, InstanceId.2 and so on
StopInstances InstanceId.01=i -> MalformedQueryString: The parameter InstanceId is a list: its elements are InstanceId.1, InstanceId.2 and so on
StopInstances InstanceId.%2B1=i -> MalformedQueryString: The parameter InstanceId is a list: its elements are InstanceId.1, InstanceId.2 and so on
StopInstances InstanceId.4294967296=i -> MalformedQueryString: The parameter InstanceId is a list: its elements are InstanceId.1, InstanceId.2 and so on
StopInstances InstanceId.1=a&InstanceId.1=b -> MalformedQueryString: The parameter InstanceId.1 is given more than once
StopInstances InstanceId..1=a -> MalformedQueryString: The parameter 'InstanceId..1' has an empty part in its name
StopInstances InstanceId.1=%ff -> MalformedQueryString: The value of InstanceId.1 is not UTF-8
StopInstances %ff=1 -> MalformedQueryString: The name of a parameter is not UTF-8";

#[test]
fn faults_name_the_parameter() {
    for case in FAULTS.lines() {
        let (asked, fault) = case.split_once(" -> ").unwrap();
        let (action, parameters) = asked.split_once(' ').unwrap_or((asked, ""));
        let found = ask(action, parameters).err().unwrap_or_else(|| panic!("read: {case}"));
        assert_eq!((found.status, found.to_string().as_str()), (400, fault), "{case}");
    }
}

#[test]
fn long_values_are_not_repeated() {
    let secret = "c2VjcmV0".repeat(10);
    let fault =
        ask("ImportKeyPair", &format!("KeyName=k&PublicKeyMaterial=*{secret}")).unwrap_err();
    assert!(fault.message.contains("(81 bytes)"), "{fault}");
}

#[test]
fn there_are_limits() {
    let many = |count: usize| {
        let ids = (1..=count).map(|number| format!("&InstanceId.{number}=i-1"));
        Params::parse(b"", ids.collect::<String>().as_bytes())
    };
    assert!(many(MAX_PARAMETERS).is_ok());
    assert!(many(MAX_PARAMETERS + 1).err().unwrap().message.contains("more than 4096 parameters"));

    assert!(Params::parse(b"", &[b'a'; 512]).is_ok());
    assert!(Params::parse(b"", &[b'a'; 513]).is_err());
    let deep = |parts| Params::parse(b"", vec!["a"; parts].join(".").as_bytes());
    assert!(deep(MAX_DEPTH).is_ok());
    assert!(deep(MAX_DEPTH + 1).is_err());

    let long = [b"a=".as_slice(), &vec![b'x'; MAX_LENGTH - 2]].concat();
    assert!(Params::parse(b"", &long).is_ok());
    assert_eq!(Params::parse(b"b", &long).err().unwrap().status, 413);
}

#[test]
fn trying_and_reading_are_told_from_doing() {
    let run = ask("RunInstances", "MinCount=1&MaxCount=1&DryRun=true").unwrap();
    assert!(run.dry_run() && !run.is_read_only());
    assert!(!ask("RunInstances", "MinCount=1&MaxCount=1&DryRun=false").unwrap().dry_run());
    for (action, is_read_only) in [
        ("DescribeInstances", true),
        ("GetInstanceMetadataDefaults", true),
        ("ModifyInstanceMetadataDefaults", false),
    ] {
        assert_eq!(ask(action, "").unwrap().is_read_only(), is_read_only);
    }
}
