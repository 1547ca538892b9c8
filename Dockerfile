# The app on Microsoft's Functions host, for those who run containers. What is copied is what a
# deployment to Azure takes along too.
FROM mcr.microsoft.com/azure-functions/python:4-python3.12

ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    PYTHONDONTWRITEBYTECODE=1

WORKDIR /home/site/wwwroot

COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt

COPY host.json function_app.py ./
COPY functions/ functions/
COPY shared/ shared/

EXPOSE 80
