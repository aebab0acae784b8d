import subprocess


class Host:
    def execute(self, command):
        return subprocess.run(command, shell=True, stdout=subprocess.PIPE).stdout.decode()

    def user_data(self):
        command = "curl -s --connect-timeout 2 http://169.254.169.254/latest/meta-data/instance-id 2>/dev/null"
        return self.execute(command)


print(Host().user_data())
