# The main operations, as people type them.
set -eu

# Fails unless both are the same.
same() {
    [ "$1" = "$2" ] || { echo "$3: expected $1, got: $2" >&2; exit 1; }
}

# Fails unless a command fails and says this.
refused() {
    words=$1
    shift
    ! said=$("$@" 2>&1) || { echo "$* is not refused" >&2; exit 1; }
    case $said in *"$words"*) ;; *) echo "$*: $said" >&2; exit 1 ;; esac
}

# The value of an attribute of an instance.
of() {
    aws ec2 describe-instances --instance-ids "$1" --query "Reservations[].Instances[].$2" --output text
}

# The article's: the bare call shows the options, the next changes one, and the other way back.
default=i-1234567890abcdef0
modify="aws ec2 modify-instance-metadata-options --instance-id $default --output text"
same 2 "$($modify --query InstanceMetadataOptions.HttpPutResponseHopLimit)" "the image's hop limit"
same pending "$($modify --http-put-response-hop-limit 3 --query InstanceMetadataOptions.State)" "its own answer"
same 3 "$(of $default MetadataOptions.HttpPutResponseHopLimit)" "the limit afterwards"
$modify --http-tokens optional > /dev/null
until [ "$(of $default MetadataOptions.State)" = applied ]; do :; done
same $default "$(curl -sS "http://$IMDS_ADDRESS/latest/meta-data/instance-id")" "without a token"
refused DryRunOperation $modify --http-endpoint disabled --dry-run
same enabled "$(of $default MetadataOptions.HttpEndpoint)" "after a dry run"
refused InvalidInstanceID.NotFound $modify --instance-id i-11111111

# Waits with the CLI, once the state is there: its waiters ask every 15 seconds.
reached() {
    until [ "$(of "$1" State.Name)" = "$2" ]; do :; done
    aws ec2 wait "instance-$2" --instance-ids "$1"
}

# A life, with the CLI's waiters. The first one meets a state that comes later.
image=$(aws ec2 describe-images --owners amazon --filters 'Name=name,Values=al2023-*' \
    'Name=architecture,Values=x86_64' --query 'Images[].ImageId' --output text)
aws ec2 create-launch-template --launch-template-name web \
    --launch-template-data "{\"ImageId\": \"$image\", \"InstanceType\": \"t3.micro\", \"MetadataOptions\": {\"HttpTokens\": \"required\"}}" > /dev/null
refused DryRunOperation aws ec2 run-instances --launch-template LaunchTemplateName=web --dry-run
id=$(aws ec2 run-instances --launch-template LaunchTemplateName=web --metadata-options InstanceMetadataTags=enabled \
    --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=web-1}]' --query 'Instances[].InstanceId' --output text)
aws ec2 wait instance-running --instance-ids "$id"
same "required	enabled" "$(of "$id" 'MetadataOptions.[HttpTokens, InstanceMetadataTags]')" "options of template and launch"
refused "'a/b' is not a valid tag key" aws ec2 create-tags --resources "$id" --tags Key=a/b,Value=c
aws ec2 create-tags --resources "$id" --tags Key=Stage,Value=test
same "$id" "$(aws ec2 describe-instances --filters Name=tag:Stage,Values=test --query 'Reservations[].Instances[].InstanceId' --output text)" "the tagged one"
aws ec2 stop-instances --instance-ids "$id" > /dev/null
reached "$id" stopped
aws ec2 modify-instance-attribute --instance-id "$id" --instance-type Value=t3.large
aws ec2 start-instances --instance-ids "$id" > /dev/null
reached "$id" running
same t3.large "$(of "$id" InstanceType)" "its type"
aws ec2 terminate-instances --instance-ids "$id" > /dev/null
reached "$id" terminated

# Pages, as the CLI turns them.
aws ec2 run-instances --image-id "$image" --count 7 > /dev/null
ids() {
    aws ec2 describe-instances "$@" --query 'Reservations[].Instances[].InstanceId' --output text | tr '\t' '\n' | sort
}
all=$(ids)
same 9 "$(echo "$all" | grep -c ^i-)" "all instances"
same "$all" "$(ids --page-size 5)" "in pages of five"
# It counts reservations: the default instance's, that of the terminated one, and the seven's.
reservations() {
    aws ec2 describe-instances "$@" --output json | grep -c '"ReservationId"'
}
same 3 "$(reservations)" "all reservations"
next=$(aws ec2 describe-instances --max-items 1 --output json | sed -n 's/.*"NextToken": "\(.*\)".*/\1/p')
same 1 "$(reservations --max-items 1)" "the first one"
same 2 "$(reservations --starting-token "$next")" "the rest"

# The account's defaults, and their enforcement.
aws ec2 modify-instance-metadata-defaults --http-tokens required --http-tokens-enforced enabled > /dev/null
same "required	enabled" "$(aws ec2 get-instance-metadata-defaults --query 'AccountLevel.[HttpTokens, HttpTokensEnforced]' --output text)" "defaults"
refused UnsupportedOperation $modify --http-tokens optional

# STS answers beside the EC2 API, and the environment leads to it.
same "arn:aws:iam::123456789012:user/$AWS_ACCESS_KEY_ID" "$(aws sts get-caller-identity --query Arn --output text)" "who asks"
