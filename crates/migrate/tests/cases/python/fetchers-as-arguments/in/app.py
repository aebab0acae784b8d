import requests

print(list(map(requests.get, ["http://169.254.169.254/latest/meta-data/mac"]))[0].text)


async def later(loop):
    return await loop.run_in_executor(None, requests.get, "http://169.254.169.254/latest/meta-data/ami-id")
