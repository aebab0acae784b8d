import aiohttp
import httplib2
import httpx
import pycurl
import urllib3

URL = "http://169.254.169.254/latest/meta-data/instance-id"
httplib2.Http().request(URL)
httplib2.Http().request(URL, "GET")
c = pycurl.Curl()
c.setopt(c.URL, URL)
httpx.get(URL)
httpx.Client().get(URL)
urllib3.PoolManager().request("GET", URL)


async def read():
    async with aiohttp.ClientSession() as session:
        async with session.get(URL) as answer:
            return await answer.text()
