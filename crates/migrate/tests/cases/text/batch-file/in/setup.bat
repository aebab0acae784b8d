@echo off
rem curl http://169.254.169.254/latest/meta-data/
for /f %%i in ('curl -s http://169.254.169.254/latest/meta-data/instance-id') do set ID=%%i
curl -s http://169.254.169.254/latest/meta-data/ami-id > ami.txt
