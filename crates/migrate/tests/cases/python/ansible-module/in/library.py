from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url, open_url

URI = "http://169.254.169.254/latest/meta-data/instance-id"


def main():
    module = AnsibleModule(argument_spec={})
    response, info = fetch_url(module, URI, force=True)
    zone = open_url("http://169.254.169.254/latest/meta-data/placement/availability-zone").read()
    module.exit_json(id=response.read(), zone=zone)


main()
