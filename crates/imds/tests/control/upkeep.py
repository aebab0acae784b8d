"""What Terraform changes of an instance in place, and reads back."""

from lab import client, image, instance, refused, running

ec2 = client()
launch = {"ImageId": image(ec2, "al2023-ami-*"), "MinCount": 1, "MaxCount": 1}
(made,) = ec2.run_instances(InstanceType="t3.micro", **launch)["Instances"]
one = running(ec2, made["InstanceId"])["InstanceId"]
(other,) = ec2.run_instances(InstanceType="m5.large", **launch)["Instances"]
two = running(ec2, other["InstanceId"])["InstanceId"]
unknown = "i-00000000000000000"

# Monitoring: of all or of none.
refused("DryRunOperation", ec2.monitor_instances, InstanceIds=[one], DryRun=True)
answer = ec2.monitor_instances(InstanceIds=[one, two])["InstanceMonitorings"]
assert [(it["InstanceId"], it["Monitoring"]["State"]) for it in answer] == [(one, "pending"), (two, "pending")], answer
assert instance(ec2, one)["Monitoring"]["State"] == "enabled"
refused("InvalidInstanceID.NotFound", ec2.unmonitor_instances, InstanceIds=[one, unknown])
assert instance(ec2, one)["Monitoring"]["State"] == "enabled"
answer = ec2.unmonitor_instances(InstanceIds=[one])["InstanceMonitorings"]
assert answer[0]["Monitoring"]["State"] == "disabling", answer
assert instance(ec2, one)["Monitoring"]["State"] == "disabled"

# Maintenance.
answer = ec2.modify_instance_maintenance_options(InstanceId=one, AutoRecovery="disabled")
assert (answer["InstanceId"], answer["AutoRecovery"]) == (one, "disabled"), answer
ec2.modify_instance_maintenance_options(InstanceId=one, RebootMigration="disabled")
assert instance(ec2, one)["MaintenanceOptions"] == {"AutoRecovery": "disabled", "RebootMigration": "disabled"}
refused("InvalidParameterValue", ec2.modify_instance_maintenance_options, InstanceId=one, AutoRecovery="never")
refused("DryRunOperation", ec2.modify_instance_maintenance_options, InstanceId=one, DryRun=True)

# Credits: each instance for itself.
wanted = [{"InstanceId": it, "CpuCredits": "standard"} for it in (one, two, unknown)]
answer = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=wanted)
assert answer["SuccessfulInstanceCreditSpecifications"] == [{"InstanceId": one}], answer
codes = {it["InstanceId"]: it["Error"]["Code"] for it in answer["UnsuccessfulInstanceCreditSpecifications"]}
assert codes == {two: "InstanceCreditSpecification.NotSupported", unknown: "InvalidInstanceID.NotFound"}, codes
(shown,) = ec2.describe_instance_credit_specifications(InstanceIds=[one])["InstanceCreditSpecifications"]
assert shown["CpuCredits"] == "standard", shown
wanted = [{"InstanceId": one, "CpuCredits": "many"}]
refused("InvalidParameterValue", ec2.modify_instance_credit_specification, InstanceCreditSpecifications=wanted)

# Names: the records at any time, the type while it is stopped.
assert ec2.modify_private_dns_name_options(InstanceId=one, EnableResourceNameDnsARecord=True)["Return"] is True
by_id = {"InstanceId": one, "PrivateDnsHostnameType": "resource-name"}
refused("IncorrectInstanceState", ec2.modify_private_dns_name_options, **by_id)
ec2.stop_instances(InstanceIds=[one])
ec2.get_waiter("instance_stopped").wait(InstanceIds=[one], WaiterConfig={"Delay": 1})
ec2.modify_private_dns_name_options(**by_id)
options = instance(ec2, one)["PrivateDnsNameOptions"]
assert options["HostnameType"] == "resource-name" and options["EnableResourceNameDnsARecord"] is True, options
refused("InvalidParameterValue", ec2.modify_private_dns_name_options, InstanceId=one, PrivateDnsHostnameType="mine")

# Capacity reservations: kept while it is stopped; there are none to name.
prefer = ec2.modify_instance_capacity_reservation_attributes
none = {"CapacityReservationSpecification": {"CapacityReservationPreference": "none"}}
refused("DryRunOperation", prefer, InstanceId=one, DryRun=True, **none)
assert prefer(InstanceId=one, **none)["Return"] is True
assert instance(ec2, one)["CapacityReservationSpecification"] == {"CapacityReservationPreference": "none"}
refused("IncorrectInstanceState", prefer, InstanceId=two, **none)
refused("InvalidInstanceID.NotFound", prefer, InstanceId=unknown, **none)
refused("InvalidParameterValue", prefer, InstanceId=one, CapacityReservationSpecification={"CapacityReservationPreference": "any"})
target = {"CapacityReservationTarget": {"CapacityReservationId": "cr-00000000000000000"}}
refused("InvalidCapacityReservationId.NotFound", prefer, InstanceId=one, CapacityReservationSpecification=target)
reserved = {"InstanceType": "t3.micro", "CapacityReservationSpecification": target, **launch}
refused("InvalidCapacityReservationId.NotFound", ec2.run_instances, **reserved)
(made,) = ec2.run_instances(**{**reserved, **none})["Instances"]
assert made["CapacityReservationSpecification"] == {"CapacityReservationPreference": "none"}, made

# A password there is for Windows only.
answer = ec2.get_password_data(InstanceId=one)
assert (answer["InstanceId"], answer["PasswordData"]) == (one, ""), answer
refused("InvalidInstanceID.NotFound", ec2.get_password_data, InstanceId=unknown)

# Volumes grow, and say so.
volume = instance(ec2, one)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


def shown_volume():
    return ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]


before = shown_volume()
words = "does not exist"
refused("InvalidVolumeModification.NotFound", ec2.describe_volumes_modifications, VolumeIds=[volume], words=words)
refused("DryRunOperation", ec2.modify_volume, VolumeId=volume, Size=20, DryRun=True)
changed = ec2.modify_volume(VolumeId=volume, Size=20, Iops=4000)["VolumeModification"]
assert changed["ModificationState"] == "modifying" and changed["OriginalSize"] == before["Size"], changed
assert (changed["TargetSize"], changed["TargetIops"]) == (20, 4000), changed
after = shown_volume()
assert (after["Size"], after["Iops"], after["VolumeType"]) == (20, 4000, before["VolumeType"]), after
(done,) = ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]
assert done["ModificationState"] == "completed" and done["Progress"] == 100, done
only = [{"Name": "target-size", "Values": ["20"]}, {"Name": "modification-state", "Values": ["completed"]}]
assert len(ec2.describe_volumes_modifications(Filters=only)["VolumesModifications"]) == 1
ec2.modify_volume(VolumeId=volume, VolumeType="gp2")
after = shown_volume()
assert (after["VolumeType"], after["Size"], after["Iops"]) == ("gp2", 20, 100), after
refused("InvalidParameterValue", ec2.modify_volume, VolumeId=volume, Size=19, words="smaller")
refused("InvalidParameterValue", ec2.modify_volume, VolumeId=volume, VolumeType="fast")
refused("InvalidVolume.NotFound", ec2.modify_volume, VolumeId="vol-00000000000000000", Size=20)
